/** What the compiler says to somebody who installs the package, whatever its settings. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { compile } from '../support/compiler.ts'
import { type InstalledPackage, installPackage } from '../support/package.ts'

const fixtures = path.join(import.meta.dirname, 'installed')

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage(['@types/node'])
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

/** What the compiler says of one file. */
async function said(file: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const config = path.join(installed.folder, `tsconfig.${file}.${settings['module']}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions: { ...strict, ...settings }, files: [file] }))
  return compile(config, installed.folder)
}

it.each([{ module: 'nodenext' }, { module: 'node16' }, { module: 'esnext', moduleResolution: 'bundler' }])(
  'compiles a program, without skipLibCheck, under %j',
  async (settings) => {
    expect(await said('accepted.ts', settings)).toBe('')
  },
)

it.each([{ module: 'nodenext' }, { module: 'node16' }])('compiles CommonJS under %j', async (settings) => {
  expect(await said('required.cts', settings)).toBe('')
})

it('refuses what cannot be right, line by line', async () => {
  const lines = readFileSync(path.join(fixtures, 'refused.ts'), 'utf8').split('\n')
  const expected = lines.flatMap((line, at) => {
    const code = /\/\/ (TS\d+)$/.exec(line)?.[1]
    return code === undefined ? [] : [`${at + 1} ${code}`]
  })
  const out = await said('refused.ts', { module: 'nodenext' })
  const found = [...out.matchAll(/^refused\.ts\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, line, code]) => `${line} ${code}`,
  )
  expect(expected.length).toBeGreaterThan(15)
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
