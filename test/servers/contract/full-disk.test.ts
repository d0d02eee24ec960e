// Long, 21 s: fills disks.
/** A full disk is told at once, and in words; nothing hangs, and nothing is left that would be in the way later. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { embeddedIn } from '../../support/embedded.ts'
import { brief } from '../../support/flags.ts'
import { emptyQueue } from '../cli/history.ts'

const main = path.resolve(import.meta.dirname, '../../../src/apps/cli/main.ts')

/** A folder of its own, on a real disk: the limit on the size of files holds anywhere. */
async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'interlock-full-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

/** Runs a program none of whose files may grow beyond so many kilobytes. @param out where standard output goes, if not here */
async function limited(kilobytes: number, words: readonly string[], out?: string) {
  const file = out === undefined ? null : await open(out, 'w')
  const shell = ['-c', `ulimit -f ${kilobytes}; exec "$0" "$@"`, process.execPath, ...brief, ...words]
  const child = spawn('bash', shell, { stdio: ['ignore', file?.fd ?? 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ])
  const [code] = (await ended) as [number]
  await file?.close()
  return { code, stdout, stderr }
}

it('a result that cannot be written is said in two lines (interlock log > a full disk)', async () => {
  const url = await emptyQueue()
  const out = path.join(await folder(), 'log.txt')
  for (const words of [['log', '--url', url, '--json'], ['machine'], ['--help']]) {
    const { code, stderr } = await limited(0, [main, ...words], out)
    expect({ code, stderr }, words.join(' ')).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^error: standard output: .*(too large|no space).*\n {2}to do: make room, or write it somewhere else\n$/i,
      ),
    })
  }
})

it('an embedded database that does not fit is refused, and leaves nothing of itself', async () => {
  const directory = path.join(await folder(), 'q')
  const words = [main, 'enqueue', '--job', 'a', '--models', 'm', '--url', `pglite:${directory}`]
  const { code, stdout, stderr } = await limited(4_096, words)
  expect({ code, stdout, stderr }).toEqual({
    ...{ code: 1, stdout: '' },
    stderr: expect.stringMatching(
      /^error \(store_unwritable\): pglite:.*: the disk is full, or lets no file grow \(.+\)\n {2}to do: make room, or use a folder on another disk\n$/,
    ),
  })
  expect(stderr).not.toContain('[object')
  expect(await readdir(directory)).toEqual([])
})

it('an embedded database whose disk fills up while it is open refuses what comes, and lets its process end', async () => {
  const directory = await folder()
  await embeddedIn(directory)
  const script = path.join(import.meta.dirname, 'full-disk-child.ts')
  const { code, stdout, stderr } = await limited(15_360, [script, directory])
  const lines = stdout.trimEnd().split('\n')
  expect({ code, stderr, last: lines.at(-1) }).toEqual({ code: 0, stderr: '', last: 'closed' })
  expect(lines.length).toBeGreaterThanOrEqual(3)
  for (const line of lines.slice(0, -1))
    expect(line).toMatch(/^store_unwritable: .*the disk is full, or lets no file grow/)
})
