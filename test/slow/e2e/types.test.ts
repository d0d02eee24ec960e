// Slow: compiles programs against the packed package.
/** What the compiler says to somebody who installs the package, whatever its settings. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { compile } from '../../support/compiler.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'

const fixtures = path.join(import.meta.dirname, 'installed')

/** What `enqueueIn` takes the transactions of, with the types that they bring or need. */
const drivers = ['pg', '@types/pg', 'postgres', 'drizzle-orm', 'kysely', 'knex']

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage(['@types/node', ...drivers])
  await cp(fixtures, installed.folder, { recursive: true })
  await writeFile(path.join(installed.folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => installed.remove())

const strict = {
  target: 'es2022',
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  types: ['node'],
}

interface Settings {
  readonly module: string
  readonly moduleResolution?: string
}

/** What the compiler says of the programs: all in one run for each of its settings, which reads the packages once. */
const runs = new Map<string, Promise<readonly string[]>>()
const linesUnder = (settings: Settings): Promise<readonly string[]> => {
  const { module } = settings
  const lines = runs.get(module) ?? run(settings)
  runs.set(module, lines)
  return lines
}

async function run(settings: Settings): Promise<readonly string[]> {
  // Where files go to a bundler there is no CommonJS.
  const isBundled = settings.moduleResolution === 'bundler'
  const files = ['good.ts', 'bad.ts', ...(isBundled ? [] : ['required.cts'])]
  const config = path.join(installed.folder, `tsconfig.${settings.module}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions: { ...strict, ...settings }, files }))
  // What follows an error further to the right explains it.
  return (await compile(config, installed.folder)).split('\n').filter((line) => /^\S/.test(line))
}

const isOfBad = (line: string) => line.startsWith('bad.ts(')

it.each([{ module: 'nodenext' }, { module: 'node16' }, { module: 'esnext', moduleResolution: 'bundler' }])(
  'compiles a program, without skipLibCheck, under %j',
  async (settings) => {
    const lines = await linesUnder(settings)
    expect(lines.filter((line) => !isOfBad(line) && !line.startsWith('required.cts('))).toEqual([])
  },
)

it.each([{ module: 'nodenext' }, { module: 'node16' }])('compiles CommonJS under %j', async (settings) => {
  const lines = await linesUnder(settings)
  expect(lines.filter((line) => !isOfBad(line))).toEqual([])
})

/** `// TS2561 at widht: resize, widht`: the number of the error, what stands in its column, and what its first line names. */
const promised = / \/\/ (TS\d+) at (\S+?)(?:: (.*))?$/

it('refuses what cannot be right: one error a line, at what is wrong, and the first line of most names kind and field', async () => {
  const lines = readFileSync(path.join(fixtures, 'bad.ts'), 'utf8').split('\n')
  const expected = lines.flatMap((line, at) => {
    const [, code, there, named] = promised.exec(line) ?? []
    return code === undefined ? [] : [{ line: at + 1, code, there, named: named?.split(', ') ?? [] }]
  })
  const found = (await linesUnder({ module: 'nodenext' })).filter(isOfBad).map((text) => {
    const [, at, column, code, said = ''] = /^bad\.ts\((\d+),(\d+)\): error (TS\d+): (.*)/.exec(text) ?? []
    const wanted = expected.find(({ line }) => line === Number(at))
    const rest = lines[Number(at) - 1]?.slice(Number(column) - 1) ?? ''
    const there = wanted?.there !== undefined && rest.startsWith(wanted.there) ? wanted.there : rest
    return { line: Number(at), code, there, named: wanted?.named.filter((name) => said.includes(name)) }
  })
  expect(expected.length).toBeGreaterThanOrEqual(40)
  expect(found).toEqual(expected)
})

const entries = Object.keys(manifest.exports)
  .filter((entry) => !entry.endsWith('.json'))
  .map((entry) => path.posix.join(manifest.name, entry))

it('is the same by require as by import, each entry of it', async () => {
  for (const peer of ['pg', '@supabase/supabase-js', '@opentelemetry/api']) await installed.add(peer)
  const script = `
    const same = async (entry) => {
      const [required, imported] = [require(entry), await import(entry)]
      const names = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports')
      return names.length > 0 && names.every((name) => required[name] === imported[name])
    }
    Promise.all(${JSON.stringify(entries)}.map(same)).then((all) => process.stdout.write(JSON.stringify(all)))`
  const said = await new Promise<string>((resolve) => {
    const words = ['--input-type=commonjs', '--eval', script]
    execFile(process.execPath, words, { cwd: installed.folder }, (_, out, err) => resolve(out || err))
  })
  expect(said).toBe(JSON.stringify(entries.map(() => true)))
})

it('takes the transactions of drivers, by their own types', async () => {
  const config = path.join(installed.folder, 'tsconfig.transactions.json')
  // Their types name packages that nobody needs to have.
  const compilerOptions = { ...strict, module: 'nodenext', skipLibCheck: true }
  await writeFile(config, JSON.stringify({ compilerOptions, files: ['transactions.ts'] }))
  expect(await compile(config, installed.folder)).toBe('')
})
