// Slow, 76 s: runs each example of the documentation with the packed package.
/** Every `ts` block of the documentation is a program: with the package as npm would publish it, it compiles, runs in an empty folder and
 * prints what it says. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Block, blocksOf, pages, root } from '../../servers/docs/markdown.ts'
import { type Project, startMigrated } from '../../servers/supabase/support.ts'
import { compile } from '../../support/compiler.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { brief } from '../../support/flags.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'
import { createDatabase } from '../../support/postgres-database.ts'

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

/** What the examples import besides, and what that needs. */
const others = ['@supabase/supabase-js', '@types/node', '@types/pg', 'esbuild', 'fastify', 'pg']

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage(others)
  for (const [i, { block }] of examples.entries()) {
    mkdirSync(folderOf(i))
    writeFileSync(path.join(folderOf(i), 'example.mts'), `${block.code}\n// ${block.file}:${block.line}`)
  }
})

/** Nothing is in it but the example. */
const folderOf = (i: number) => path.join(installed.folder, `example${i}`)

const projects: Project[] = []
afterAll(async () => {
  for (const project of projects) await project.close()
  await installed.remove()
})

const run = promisify(execFile)

/** Any other one makes an embedded database in its folder. */
const namesStore = ({ code }: Block): boolean => /DATABASE_URL|SUPABASE_URL|memoryStore|testQueue/.test(code)

describe('the examples', () => {
  it('are there, in the README too', () => {
    expect(examples.filter(({ block }) => block.file === 'README.md').length).toBeGreaterThan(2)
  })

  it('compile under the strict settings of the sources', async () => {
    const files = examples.map((_, i) => path.join(folderOf(i), 'example.mts'))
    // Nobody but this project writes process.env['DATABASE_URL'].
    const compilerOptions = { noPropertyAccessFromIndexSignature: false }
    const config = path.join(installed.folder, 'tsconfig.json')
    const settings = { extends: path.join(root, 'tsconfig.json'), compilerOptions, files, include: [] }
    writeFileSync(config, JSON.stringify(settings))
    expect(await compile(config, installed.folder)).toBe('')
  })

  it.each(examples.map((example, i) => [example.name, example, i] as const))(
    '%s runs and prints what it says',
    async (_, { block, prints }, i) => {
      const folder = folderOf(i)
      // That of the README makes its database from nothing.
      if (block.file !== 'README.md' && !namesStore(block)) await embeddedIn(path.join(folder, '.interlock'))
      const options = { cwd: folder, env: await environment(block) }
      // Nor what it would compile in other threads, of WebAssembly above all.
      const words = [...brief, '--single-threaded', 'example.mts']
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
