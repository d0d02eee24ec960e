// Slow: how much memory a command takes.
/** What a command takes that opens the embedded database for a moment, as people run it: Node without flags. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { embeddedIn } from '../../support/embedded.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'

/** A folder with an embedded database, which goes with the test. */
async function folderWithDatabase(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-memory-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  await embeddedIn(path.join(folder, '.interlock'))
  return folder
}

/**
 * Runs a command, and says how much memory its process had at most. Not what the system counts for the process, which on Linux begins with the
 * size of the one that started it: this one.
 */
async function megabytesOf(folder: string, ...words: readonly string[]): Promise<number> {
  const telling = path.join(folder, 'telling.mjs')
  await writeFile(telling, tellsItsPeak)
  const main = await compiled('src/apps/cli/main.ts')
  const { NODE_OPTIONS, ...env } = process.env
  const all = ['--import', telling, main, ...words]
  const { stderr } = await promisify(execFile)(process.execPath, all, { cwd: folder, env })
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(stderr)?.[1]) / 1_024
}

const tellsItsPeak = `
  import { readFileSync } from 'node:fs'
  process.on('exit', () => process.stderr.write('\\n' + readFileSync('/proc/self/status', 'utf8')))
`

it('the size of a process is its own, and not that of the one that started it', async () => {
  const large = Buffer.alloc(600_000_000, 1)
  const folder = await folderWithDatabase()
  expect(await megabytesOf(folder, '--version')).toBeLessThan(large.length / 2 ** 20 / 2)
})

it('status and enqueue on an embedded database stay below 500 MB: half of it would be a better compilation', async () => {
  const folder = await folderWithDatabase()
  expect(await megabytesOf(folder, 'enqueue', '--job', 'a', '--models', 'm')).toBeLessThan(500)
  expect(await megabytesOf(folder, 'status')).toBeLessThan(500)
})
