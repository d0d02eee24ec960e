// Slow, 20 s: fetches Bun and Deno, and runs the packed package with them.
/** The published package under Bun and Deno: the program of their page, and the one of the README that takes rows from PostgreSQL. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, pageOf, root } from '../../servers/docs/markdown.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'
import { createDatabase } from '../../support/postgres-database.ts'

const run = promisify(execFile)
const place = path.join(root, 'node_modules/.cache/runtimes')

let installed: InstalledPackage
beforeAll(async () => {
  await mkdir(place, { recursive: true })
  for (const name of ['package.json', 'package-lock.json'])
    await cp(path.join(import.meta.dirname, 'runtimes', name), path.join(place, name))
  await run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--silent'], { cwd: place })
  installed = await installPackage(['pg'])
}, 300_000)
afterAll(() => installed.remove())

/** A program of a page, and what the page says that it prints. */
function programOf(file: string, has: string): { readonly code: string; readonly prints: string } {
  const blocks = blocksOf(pageOf(file))
  const at = blocks.findIndex(({ info, code }) => info === 'ts' && code.includes(has))
  return { code: blocks[at]?.code ?? '', prints: blocks[at + 1]?.code ?? '' }
}

const programs = [
  programOf('docs/guides/your-app.md', '// or postgresStore'),
  programOf('README.md', 'insert into jobs'),
]

describe.each([
  ['Bun', '@oven/bun-linux-x64/bin/bun', []],
  ['Deno', '@deno/linux-x64-glibc/deno', ['run', '--allow-all', '--node-modules-dir=manual']],
] as const)('under %s', (_, command, words) => {
  it.each(programs)('a program prints $prints', async ({ code, prints }) => {
    const cwd = await mkdtemp(path.join(installed.folder, 'program-'))
    await writeFile(path.join(cwd, 'program.mts'), code)
    const env = { ...process.env, DATABASE_URL: await createDatabase('runtimes', 'migrated') }
    const { stdout } = await run(path.join(place, 'node_modules', command), [...words, 'program.mts'], {
      cwd,
      env,
    })
    expect(stdout).toBe(prints)
  })
})
