/** What a command takes that opens the embedded database for a moment, as people run it: Node without flags. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { embeddedIn } from '../support/embedded.ts'
import { compiled } from '../support/program.ts'
import { atEnd } from '../support/this-test.ts'

/** A folder with an embedded database, which goes with the test. */
async function folderWithDatabase(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-memory-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  await embeddedIn(path.join(folder, '.interlock'))
  return folder
}

/** Runs a command, and says how much memory the process had at most. */
async function megabytesOf(folder: string, ...words: readonly string[]): Promise<number> {
  const telling = path.join(folder, 'telling.mjs')
  const told = "'\\nKB ' + process.resourceUsage().maxRSS + '\\n'"
  await writeFile(telling, `process.on('exit', () => process.stderr.write(${told}))`)
  const main = await compiled('src/apps/cli/main.ts')
  const { NODE_OPTIONS, ...env } = process.env
  const all = ['--import', telling, main, ...words]
  const { stderr } = await promisify(execFile)(process.execPath, all, { cwd: folder, env })
  return Number(/^KB (\d+)$/m.exec(stderr)?.[1]) / 1_024
}

it('status and enqueue on an embedded database stay below 500 MB: half of it would be a better compilation', async () => {
  const folder = await folderWithDatabase()
  expect(await megabytesOf(folder, 'enqueue', '--job', 'a', '--models', 'm')).toBeLessThan(500)
  expect(await megabytesOf(folder, 'status')).toBeLessThan(500)
})
