/** Every `ts` block of the documentation is a program: it compiles, it runs in an empty folder, and prints what it says. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { type Project, startMigrated } from '../supabase/support.ts'
import { compile } from '../support/compiler.ts'
import { embeddedIn } from '../support/embedded.ts'
import { brief } from '../support/flags.ts'
import { createDatabase } from '../support/postgres-database.ts'
import { compiled } from '../support/program.ts'
import { type Block, blocksOf, pages, root } from './markdown.ts'

interface Example {
  readonly name: string
  readonly block: Block
  /** What it prints, if the page says so: the next block, when that is `text printed`. */
  readonly prints: string | undefined
}

const examples: readonly Example[] = pages.flatMap((page) =>
  blocksOf(page).flatMap((block, i, blocks): Example[] => {
    if (block.info !== 'ts') return []
    const next = blocks[i + 1]
    const prints = next?.info === 'text printed' ? next.code : undefined
    return [{ name: `${block.file}:${block.line}`, block, prints }]
  }),
)

/** The source behind each published path. */
const sources = Object.entries(manifest.exports).flatMap(([name, target]): [string, string][] => {
  if (typeof target === 'string') return []
  const source = target.default.replace('./dist/', './').replace(/\.js$/, '.ts')
  return [[path.posix.join(manifest.name, name), path.join(root, source)]]
})

/** Imports by the addresses that a program in an installed folder would resolve them to: ours is compiled, as it is there. */
async function resolved(code: string): Promise<string> {
  const library = await compiled('.')
  return code.replace(/(from |import\()'([^'.][^']*)'/g, (_, keyword: string, name: string) => {
    const source = sources.find(([published]) => published === name)?.[1]
    const address =
      source === undefined
        ? import.meta.resolve(name)
        : pathToFileURL(path.join(library, path.relative(root, source).replace(/\.ts$/, '.js'))).href
    return `${keyword}'${address}'`
  })
}

const folders: string[] = []
const projects: Project[] = []

function emptyFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'interlock-docs-'))
  folders.push(folder)
  return folder
}

afterAll(async () => {
  for (const project of projects) await project.close()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const run = promisify(execFile)

/** Any other one makes an embedded database in its folder. */
const namesStore = ({ code }: Block): boolean => /DATABASE_URL|SUPABASE_URL|memoryStore/.test(code)

describe('the examples', () => {
  it('are there, in the README too', () => {
    expect(examples.filter(({ block }) => block.file === 'README.md').length).toBeGreaterThan(2)
  })

  it('compile under the strict settings of the sources', async () => {
    const folder = path.join(root, 'node_modules/.cache/docs-examples')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const [i, { block }] of examples.entries()) {
      writeFileSync(path.join(folder, `example${i}.ts`), `// ${block.file}:${block.line}\n${block.code}`)
    }
    const paths = Object.fromEntries(sources.map(([name, file]) => [name, [file]]))
    const files = examples.map((_, i) => `example${i}.ts`)
    // Nobody but this project writes process.env['DATABASE_URL'].
    const compilerOptions = { paths, noPropertyAccessFromIndexSignature: false }
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: path.join(root, 'tsconfig.json'), compilerOptions, files }),
    )
    expect(await compile(folder, root)).toBe('')
  })

  it.each(examples.map((example) => [example.name, example] as const))(
    '%s runs and prints what it says',
    async (_, { block, prints }) => {
      const folder = emptyFolder()
      // That of the README makes its database from nothing.
      if (block.file !== 'README.md' && !namesStore(block)) await embeddedIn(path.join(folder, '.interlock'))
      const file = path.join(folder, 'example.mts')
      writeFileSync(file, await resolved(block.code))
      const options = { cwd: folder, env: await environment(block) }
      // Nor what it would compile in other threads, of WebAssembly above all.
      const words = [...brief, '--single-threaded', file]
      const { stdout } = await run(process.execPath, words, options)
      if (prints !== undefined) expect(stdout).toBe(prints)
      // People who try it out on their project try it again.
      if (block.code.includes('SUPABASE_URL'))
        expect((await run(process.execPath, words, options)).stdout).toBe(stdout)
    },
  )
})

/** As on a machine where nothing is set; a program that names DATABASE_URL or SUPABASE_URL gets a migrated database of its own. */
async function environment({ code }: Block): Promise<Record<string, string | undefined>> {
  const { INTERLOCK_URL, DATABASE_URL, SUPABASE_URL, NODE_ENV, NODE_OPTIONS, ...env } = process.env
  if (code.includes('SUPABASE_URL')) {
    const project = await startMigrated()
    projects.push(project)
    return { ...env, SUPABASE_URL: project.url, SUPABASE_SECRET_KEY: project.keys.secret }
  }
  return code.includes('DATABASE_URL')
    ? { ...env, DATABASE_URL: await createDatabase('docs', 'migrated') }
    : env
}
