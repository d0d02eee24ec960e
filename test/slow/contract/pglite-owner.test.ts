// Slow, 45 s: kills and pauses the process that has an embedded database open.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { describe, expect, it } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { appendNow, queuedEvent, until } from '../../servers/contract/hand-made.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { brief } from '../../support/flags.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'

/** A directory with an embedded database, which goes with the test. */
async function filled(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'interlock-owner-'))
  atEnd(() => rm(directory, { recursive: true, force: true }))
  await embeddedIn(directory)
  return directory
}

function open(where: string): LogStore {
  const store = pgliteStore(where)
  atEnd(() => store.close())
  return store
}

interface Child {
  readonly process: ChildProcess
  readonly lines: string[]
  says(line: string): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

async function child(what: string, where: string): Promise<Child> {
  const script = await compiled('test/slow/contract/pglite-child.ts')
  // Nor what it would compile in other threads, of WebAssembly above all.
  const started = spawn(process.execPath, [...brief, '--single-threaded', script, where, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: started.stdout }).on('line', (line) => lines.push(line))
  const ended = once(started, 'close')
  const kill = async (signal: NodeJS.Signals) => {
    started.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }
  atEnd(async () => {
    if (started.exitCode === null && started.signalCode === null) await kill('SIGKILL')
  })
  const says = (line: string) => until(`the child says ${line}`, () => lines.includes(line))
  await until('the child is ready', () => lines.includes('ready') || started.exitCode !== null)
  return { process: started, lines, says, kill }
}

describe.concurrent('a second process with pgliteStore', () => {
  it('reads and appends through the first, and takes over when that one ends', async () => {
    const directory = await filled()
    const first = await child('append', directory)
    await first.says('3')
    const store = open(directory)
    await store.open('q')
    const woken: number[] = []
    await store.listen('q', () => woken.push(1))
    // The other appends all the time, so some of ours come too late.
    await until(
      'its own append is taken',
      async () => (await appendNow(store, 'q', [queuedEvent('mine')])).ok,
    )
    await until('it is woken by the other', () => woken.length > 2)
    await first.kill('SIGTERM')
    await until('it has the database itself', () =>
      store.read('q', 0, 1).then(
        () => true,
        () => false,
      ),
    )
    expect((await appendNow(store, 'q', [queuedEvent('alone')])).ok).toBe(true)
  })

  it('gets store_in_use from one that is paused', { timeout: 60_000 }, async () => {
    const directory = await filled()
    const first = await child('idle', directory)
    await first.kill('SIGSTOP')
    await expect(open(directory).open('q')).rejects.toMatchObject({ code: 'store_in_use' })
    await first.kill('SIGCONT')
  })

  it('finds another machine in the lock, and leaves it alone', async () => {
    const directory = await filled()
    const record = { pid: 1, started: '', host: 'elsewhere', token: 't', socket: '/nowhere' }
    await writeFile(path.join(directory, 'owner.json'), JSON.stringify(record))
    await expect(open(directory).open('q')).rejects.toMatchObject({
      code: 'store_in_use',
      message: expect.stringContaining('the machine elsewhere has it open'),
    })
  })
})

describe('a killed process', () => {
  it('loses nothing that was acknowledged, however often', { timeout: 120_000 }, async () => {
    const directory = await filled()
    let acknowledged = 0
    for (let round = 1; round <= 3; round++) {
      const victim = await child('append', directory)
      await until('it has appended', () => victim.lines.length > 20 * round)
      await victim.kill('SIGKILL')
      acknowledged = Math.max(acknowledged, Number(victim.lines.at(-1)))
    }
    const store = open(directory)
    await store.open('q')
    const { events, version } = await store.read('q', 0, 10_000)
    expect(version).toBeGreaterThanOrEqual(acknowledged)
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: version }, (_, i) => i + 1))
    expect((await appendNow(store, 'q', [queuedEvent('after')])).ok).toBe(true)
  })

  it('leaves its lease to nobody: the next owner ends it at once, but not that of the living', async () => {
    const directory = await filled()
    const owner = await child('idle', directory)
    const living = await child('idle', directory)
    await owner.kill('SIGKILL')
    const store = open(directory)
    await until('somebody has taken over', () =>
      store.open('q').then(
        () => true,
        () => false,
      ),
    )
    const states = (await store.workers('q')).map(({ workerId, state, release }) => [
      workerId,
      state,
      release,
    ])
    expect(states).toEqual([
      [`child-${owner.process.pid}`, 'dead', '0.0.0'],
      [`child-${living.process.pid}`, 'live', '0.0.0'],
    ])
  })

  it('leaves a lock that eight at once take over, one of them', async () => {
    const directory = await filled()
    const record = { pid: 2 ** 22 - 1, started: '1', token: 't', socket: '/nowhere' }
    const { hostname } = await import('node:os')
    await writeFile(path.join(directory, 'owner.json'), JSON.stringify({ ...record, host: hostname() }))
    const stores = Array.from({ length: 8 }, () => open(directory))
    await Promise.all(stores.map((store) => store.open('q')))
    await Promise.all(stores.map((store) => store.read('q', 0, 1)))
    const sockets = (await readdir(directory)).filter((name) => name.endsWith('.sock'))
    expect(sockets).toHaveLength(1)
  })

  it('leaves half a lock, which is not waited for', async () => {
    const directory = await filled()
    await writeFile(path.join(directory, 'owner.json'), '{"pid": 1')
    await open(directory).open('q')
    expect(JSON.parse(await readFile(path.join(directory, 'owner.json'), 'utf8')).pid).toBe(process.pid)
  })
})

describe('the directory', () => {
  it('is made, and its socket and lock are for this user only', async () => {
    const directory = await filled()
    const where = path.join(directory, 'a', 'b')
    const store = open(where)
    await store.open('q')
    for (const name of (await readdir(where)).filter((name) => name !== 'database')) {
      expect([name, (await stat(path.join(where, name))).mode & 0o077]).toEqual([name, 0])
    }
    await store.close()
    expect(await readdir(where)).toEqual(['database'])
  })

  it('may be too long for a socket', async () => {
    const directory = await filled()
    const where = path.join(directory, 'x'.repeat(120))
    await embeddedIn(where)
    await open(where).open('q')
    const second = open(where)
    expect((await appendNow(second, 'q', [queuedEvent('a')])).ok).toBe(true)
  })

  it('that cannot be written is refused with what to do', async () => {
    const directory = await filled()
    await writeFile(path.join(directory, 'file'), '')
    await expect(open(path.join(directory, 'file', 'below')).open('q')).rejects.toMatchObject({
      code: 'store_unwritable',
      message: expect.stringContaining('name a directory that this user may write to'),
    })
  })

  it('of another PostgreSQL says what to do, and stays free', async () => {
    const directory = await filled()
    const store = open(directory)
    await store.open('q')
    await store.close()
    await writeFile(path.join(directory, 'database', 'PG_VERSION'), '3\n')
    await expect(open(directory).open('q')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('move'),
    })
    expect(await readdir(directory)).toEqual(['database'])
  })

  it('may be no directory: memory:// is for this store alone', async () => {
    const [one, two] = [open('memory://'), open('memory://')]
    await Promise.all([one.open('q'), two.open('q')])
    await appendNow(one, 'q', [queuedEvent('a')])
    expect((await one.read('q', 0, 1)).version).toBe(1)
    expect((await two.read('q', 0, 1)).version).toBe(0)
  })
})
