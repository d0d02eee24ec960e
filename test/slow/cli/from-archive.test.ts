// Slow: a whole queue through dozens of commands, each a process.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, logOf, worked } from '../../servers/cli/history.ts'
import { interlock, temporaryFolder } from '../../servers/cli/support.ts'

/** A queue of which most events are in two files, and the anchor of the first one. */
async function archivedQueue(chained: 'chained' | 'unchained', queue = 'default') {
  const url = await emptyQueue()
  const of = (...words: readonly string[]) => documentOf(url, [...words, '--queue', queue])
  if (chained === 'chained') await of('chain', '--start')
  await worked(url, ['a,m,0', 'b,m;n,0', 'c,o,0', 'd,m,0'], '--queue', queue)
  const { anchor } = await of('chain')
  await worked(url, ['e,m,0', 'f,m,0', 'g,m,0'], '--queue', queue)
  const length = (await of('log', '--limit', '1000')).length
  const folder = await temporaryFolder()
  const [first, second] = [path.join(folder, 'p1.gz'), path.join(folder, 'p2.gz')]
  const [middle, cut] = [12, length - 2]
  await of('archive', '--before', String(middle), '--to', first)
  await of('archive', '--before', String(cut), '--to', second)
  return { url, first, second, middle, cut, length, anchor: String(anchor) }
}

const given = (...files: readonly string[]) => files.flatMap((file) => ['--from-archive', file])

/** Changes the text of a file, and packs it again. */
async function forge(file: string, change: (lines: string[]) => void): Promise<void> {
  const lines = gunzipSync(await readFile(file))
    .toString()
    .split('\n')
  const before = lines.join('\n')
  change(lines)
  expect(lines.join('\n')).not.toBe(before)
  await writeFile(file, gzipSync(lines.join('\n')))
}

/** What `verify` says of a log that is not sound; never that the database should be restored for it. */
async function badOf(url: string, ...words: readonly string[]) {
  const { firstBad } = await documentOf(url, ['verify', ...words], 3)
  expect(firstBad.todo).not.toContain('restore')
  return firstBad
}

describe('interlock verify --from-archive', () => {
  it('checks the chain through the files, and every anchor of before the cut', async () => {
    const { url, first, second, anchor } = await archivedQueue('chained')
    const files = given(first, second)
    expect(await documentOf(url, ['verify', ...files, '--anchor', anchor])).toMatchObject({
      ...{ ok: true, chain: { from: 0 } },
    })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    const seq = Number(anchor.split(':')[0])
    const forged = `${seq}:${'0'.repeat(64)}`
    expect(await badOf(url, ...files, '--anchor', forged)).toMatchObject({ seq })
    expect(await badOf(url, '--anchor', anchor)).toMatchObject({ seq })
  })

  it.each([
    ['a worker', 'p1', /"w[A-Za-z0-9_-]+", /, '"wother", '],
    ['a time', 'p2', /1(\d{15}), "completed"/, '2$1, "completed"'],
    ['a hash', 'p1', /"hash":"[0-9a-f]{8}/, '"hash":"00000000'],
  ] as const)('names the event of which %s was changed in %s', async (_, name, what, by) => {
    const { url, first, second } = await archivedQueue('chained')
    const file = name === 'p1' ? first : second
    let seq = 0
    await forge(file, (lines) => {
      const at = lines.findIndex((line, i) => i > 3 && what.test(line))
      seq = JSON.parse(lines[at] ?? '').event[1]
      lines[at] = (lines[at] ?? '').replace(what, by)
    })
    expect(await badOf(url, ...given(first, second))).toMatchObject({ seq })
    // Without the files the database is as sound as it was.
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
  })

  it('sees that hashes were taken out of the files, or the beginning of the chain was moved', async () => {
    const { url, first, second, middle, cut } = await archivedQueue('chained')
    const strip = (lines: string[]) => {
      for (const [i, line] of lines.entries()) lines[i] = line.replace(/"hash":"[0-9a-f]{64}",/, '')
      lines[0] = JSON.stringify({ ...JSON.parse(lines[0] ?? ''), chain: null })
    }
    await forge(first, strip)
    expect(await badOf(url, ...given(first, second))).toMatchObject({ seq: middle })
    await forge(second, strip)
    expect(await badOf(url, ...given(first, second))).toMatchObject({ seq: cut })
  })

  it('names what was changed where no chain was kept, if the queue came to another state by it', async () => {
    const { url, first, second, cut } = await archivedQueue('unchained')
    expect(await documentOf(url, ['verify', ...given(first, second)])).toMatchObject({
      ...{ ok: true, chain: null },
    })
    await forge(second, (lines) => {
      const at = lines.findIndex((line) => line.includes('"queued","g"'))
      lines[at] = (lines[at] ?? '').replace('"kind":"run', '"kind":"ran')
    })
    expect(await badOf(url, ...given(first, second))).toMatchObject({
      ...{ seq: cut, what: expect.stringContaining('they lead to another state') },
    })
  })

  it('names an event that is gone from a file, or cannot be read there', async () => {
    const { url, first, second } = await archivedQueue('chained')
    await forge(first, (lines) => {
      lines[5] = 'gibberish'
    })
    expect(await badOf(url, ...given(first, second))).toMatchObject({ seq: 5 })
    const { code, stderr } = await interlock(['audit', ...given(first, second), '--url', url])
    expect({ code, says: stderr.includes('p1.gz: event 5 is no event') }).toEqual({ code: 1, says: true })
    await forge(first, (lines) => {
      lines.splice(7, 1)
    })
    expect((await badOf(url, ...given(first, second))).seq).toBeLessThanOrEqual(7)
  })

  it('refuses files of another queue, and of another log where the chain tells', async () => {
    const twin = await archivedQueue('chained')
    const mine = await archivedQueue('chained')
    const other = await archivedQueue('chained', 'other')
    const words = ['log', ...given(other.first, other.second), '--url', mine.url]
    const { code, stderr } = await interlock(words)
    expect({ code, says: stderr.includes('is of queue other, and this is queue default') }).toEqual({
      ...{ code: 2, says: true },
    })
    expect(twin.cut).toBe(mine.cut)
    const bad = await badOf(mine.url, ...given(mine.first, twin.second))
    expect(bad.seq).toBeLessThanOrEqual(mine.cut)
    // From the beginning on, and sound by itself: only the hash that the database knows tells them apart.
    expect(await badOf(mine.url, ...given(twin.first, twin.second))).toMatchObject({ seq: mine.cut })
  })

  it('says which events are in no file', async () => {
    const { url, first, second, middle, cut } = await archivedQueue('chained')
    const late = await interlock(['verify', ...given(first), '--url', url])
    expect({ code: late.code, stderr: late.stderr }).toMatchObject({ code: 2 })
    expect(late.stderr).toContain(`events ${middle + 1} to ${cut} are missing`)
    const early = await interlock(['log', '--limit', '1000', ...given(second), '--json', '--url', url])
    expect(early.stderr).toContain(`from event ${middle + 1} on: earlier events are archived`)
    expect(JSON.parse(early.stdout)[0]).toMatchObject({ seq: middle + 1 })
  })

  it('reads files of the older form, and says that they prove nothing', async () => {
    const { url, first, second, cut, length } = await archivedQueue('chained')
    const names = ['seq', 'at', 'event_type', 'job_id', 'job_type', 'models', 'worker_id', 'data']
    const keys = [...names, 'command_id', 'command_hash', 'schema_version']
    for (const file of [first, second]) {
      await forge(file, (lines) => {
        const events = lines.slice(1, -2).map((line) => JSON.parse(line).event.slice(1))
        const rows = events.map((values) => Object.fromEntries(keys.map((key, i) => [key, values[i]])))
        lines.splice(0, lines.length, ...rows.map((row) => JSON.stringify(row)), '')
      })
    }
    const { code, stdout, stderr } = await interlock([
      ...['log', '--limit', '1000', ...given(first, second), '--json', '--url', url],
    ])
    expect({ code, events: JSON.parse(stdout).length }).toEqual({ code: 0, events: length })
    expect(stderr).toContain('p1.gz: of an older format, which has no hashes to check it by')
    expect(await logOf(url)).toHaveLength(2)
    // What is on a chain in the database cannot be proved by them, and verify is for proofs.
    expect(await badOf(url, ...given(first, second))).toMatchObject({ seq: cut })
  })
})

/** As the owner of the tables can, past every trigger. */
async function asOwner(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('set session_replication_role = replica')
  expect((await client.query(statement)).rowCount).toBeGreaterThan(0)
  await client.end()
}

describe('interlock rebuild --from-archive', () => {
  it.each(['chained', 'unchained'] as const)(
    'brings back a %s queue of which the snapshot of the cut is gone, and the rows',
    async (chained) => {
      const { url, first, second, length } = await archivedQueue(chained)
      const state = await documentOf(url, ['queue'])
      await asOwner(url, 'delete from interlock.job_queue_snapshots')
      await asOwner(url, 'delete from job_queue_state')
      const gone = await interlock(['rebuild', '--url', url])
      expect({ code: gone.code, says: gone.stderr.includes('(archived)') }).toEqual({ code: 1, says: true })
      expect(await documentOf(url, ['rebuild', ...given(first, second)])).toMatchObject({
        ...{ version: length, fromSeq: 1, events: length },
      })
      expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
      expect(await documentOf(url, ['queue'])).toEqual(state)
      expect(await documentOf(url, ['enqueue', '--job', 'new', '--models', 'm'])).toMatchObject({ queued: 1 })
    },
  )

  it('writes nothing from a file that was changed', async () => {
    const { url, first, second } = await archivedQueue('chained')
    await asOwner(url, 'delete from interlock.job_queue_snapshots')
    await forge(second, (lines) => {
      const at = lines.findIndex((line) => line.includes('"queued", "g"'))
      lines[at] = (lines[at] ?? '').replace('"kind": "run', '"kind": "ran')
    })
    const { code, stderr } = await interlock(['rebuild', ...given(first, second), '--url', url])
    expect({ code, says: stderr.includes('nothing was written'), stderr }).toMatchObject({
      ...{ code: 1, says: true },
    })
    const again = await interlock(['verify', '--url', url])
    expect({ code: again.code, says: again.stderr.includes('(archived)') }).toEqual({ code: 1, says: true })
  })
})
