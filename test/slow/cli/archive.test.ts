// Slow: a whole queue through dozens of commands, each a process.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { runKind } from '../../../src/apps/cli/run/run.ts'
import { readWorkload } from '../../../src/apps/cli/workload/read.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { documentOf, emptyQueue, type LoggedEvent, logOf, tamper, worked } from '../../servers/cli/history.ts'
import { fileWith, interlock, temporaryFolder } from '../../servers/cli/support.ts'

/** A queue with a history, of which the first `cut` events are old, and with jobs that wait since before that. */
async function oldQueue(): Promise<{ readonly url: string; readonly cut: number }> {
  const url = await emptyQueue()
  await documentOf(url, ['chain', '--start'])
  await worked(url, ['a,m,0', 'b,m;n,0', 'c,o,0'])
  await documentOf(url, ['enqueue', '--job', 'waits', '--models', 'm'])
  const cut = (await logOf(url)).length - 2
  await documentOf(url, ['cancel', 'waits'])
  await documentOf(url, ['enqueue', '--job', 'later', '--models', 'm'])
  return { url, cut }
}

/** What the commands that read the whole log say of it; without the date of the audit, and without what depends on the time of day. */
async function saidOf(url: string) {
  const { auditedAt: _, ...audit } = await documentOf(url, ['audit'])
  // An offer that nobody takes runs out, and explain says so.
  const { whatHasToHappen: __, ...later } = await documentOf(url, ['explain', 'later'])
  return {
    audit,
    verify: await documentOf(url, ['verify']),
    chain: await documentOf(url, ['chain']),
    log: await logOf(url),
    replay: await documentOf(url, ['replay', '--to', '5']),
    stats: (await documentOf(url, ['stats', '--until', '12'])).counts,
    later,
  }
}

/** How many events of each type there are. */
const countsOf = (events: readonly LoggedEvent[]) => {
  const count = (wanted: string) => events.filter(({ type }) => type === wanted).length
  return { queued: count('queued'), cancelled: count('cancelled'), completed: count('completed') }
}

/** What a cut leaves in the log: what comes after it, and what it began with that had not ended. */
function leftOf(log: readonly LoggedEvent[], cut: number): readonly LoggedEvent[] {
  const ended = new Set(
    log.flatMap(({ type, jobId, seq }) =>
      seq <= cut && (type === 'completed' || type === 'cancelled') ? [jobId] : [],
    ),
  )
  return log.filter(({ jobId, seq }) => seq > cut || (jobId !== undefined && !ended.has(jobId)))
}

const rows = async (url: string, table: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows: found } = await client.query(`select count(*)::int as n from ${table}`)
  await client.end()
  return found[0].n
}

describe('interlock archive (archive, job_queue_archive_before)', () => {
  it('takes old events out of the log, and every command says what it said before', async () => {
    const { url, cut } = await oldQueue()
    const before = await saidOf(url)
    expect(await documentOf(url, ['archive', '--before', String(cut)])).toMatchObject({
      ...{ archivedSeq: cut, archived: cut, kept: true, file: null },
    })
    expect(await rows(url, 'job_queue_log')).toBe(leftOf(before.log, cut).length)
    expect(await rows(url, 'interlock.job_queue_log_archive')).toBe(cut)
    expect(await saidOf(url)).toEqual(before)
    expect(await documentOf(url, ['archive', '--before', String(cut)])).toMatchObject({ archived: 0 })
    // The queue goes on: from the snapshot of the cut, or from the first event.
    await worked(url, ['d,p,0', 'e,o,0'])
    await tamper(url, 'delete from interlock.job_queue_snapshots')
    await worked(url, ['f,p,0'])
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, firstBad: null })
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [] })
  })

  it('leaves in the log what a job that lives on began with, and reads it once', async () => {
    const { url } = await oldQueue()
    const before = await saidOf(url)
    const cut = before.log.length
    expect(await documentOf(url, ['archive', '--before', String(cut)])).toMatchObject({ archived: cut })
    expect(await rows(url, 'interlock.job_queue_log_archive')).toBe(cut)
    expect(leftOf(before.log, cut).map(({ type, jobId }) => [type, jobId])).toEqual([['queued', 'later']])
    expect(await rows(url, 'job_queue_log')).toBe(1)
    expect(await saidOf(url)).toEqual(before)
    expect(await documentOf(url, ['cancel', 'later'])).toMatchObject({ state: 'cancelled' })
    expect(await documentOf(url, ['archive', '--before', String(cut + 1)])).toMatchObject({ archived: 1 })
    expect(await rows(url, 'job_queue_log')).toBe(0)
    expect(await rows(url, 'interlock.job_queue_log_archive')).toBe(cut + 1)
    expect((await logOf(url)).slice(0, cut)).toEqual(before.log)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, firstBad: null })
    expect(await documentOf(url, ['chain'])).toMatchObject({ bad: null })
  })

  it('writes them to a file, whole, before they leave the database', async () => {
    const { url, cut } = await oldQueue()
    const log = await logOf(url)
    const file = path.join(await temporaryFolder(), 'old.jsonl.gz')
    expect(await documentOf(url, ['archive', '--before', String(cut), '--to', file])).toMatchObject({
      ...{ archived: cut, kept: false, file },
    })
    const [header, ...lines] = gunzipSync(await readFile(file))
      .toString()
      .trim()
      .split('\n')
    expect(JSON.parse(header ?? '')).toMatchObject({
      ...{ interlock: 'archive', format: 2, queue: 'default', first: 1, last: cut },
      chain: { from: 0 },
    })
    expect(JSON.parse(lines.pop() ?? '')).toMatchObject({ index: [[1, expect.any(Number)]] })
    const written = lines.map((line) => JSON.parse(line))
    expect(written.map(({ hash, event: [queue, seq, , type] }) => [hash.length, queue, seq, type])).toEqual(
      log.slice(0, cut).map(({ seq, type }) => [64, 'default', seq, type]),
    )
    expect(await rows(url, 'interlock.job_queue_log_archive')).toBe(0)
    const again = await interlock(['archive', '--before', String(cut + 1), '--to', file, '--url', url])
    expect({ code: again.code, says: again.stderr.includes('is there already') }).toEqual({
      code: 2,
      says: true,
    })
  })

  it('leaves a sound queue when events are gone for good, and says so to a reader that asks for them', async () => {
    const { url, cut } = await oldQueue()
    const { at: _, ...state } = await documentOf(url, ['replay'])
    const log: readonly LoggedEvent[] = await logOf(url)
    await documentOf(url, ['archive', '--before', String(cut), '--drop'])
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, version: log.length })
    expect(await documentOf(url, ['chain'])).toMatchObject({ from: cut, bad: null })
    expect(await documentOf(url, ['replay'])).toMatchObject(state)
    expect(await documentOf(url, ['log', '--limit', '2'])).toEqual(log.slice(-2))
    expect(await documentOf(url, ['rebuild'])).toMatchObject({ removed: 0, written: 0 })
    expect((await documentOf(url, ['stats'])).counts).toMatchObject(countsOf(log.slice(cut)))
    const asked = await interlock(['replay', '--to', '3', '--url', url])
    expect({ code: asked.code, stdout: asked.stdout }).toEqual({ code: 1, stdout: '' })
    expect(asked.stderr).toContain(`events 1 to ${cut} of queue default were archived`)
    expect(asked.stderr).toContain('--from-archive')
    // Processes start from the snapshot of the cut and go on.
    expect(await documentOf(url, ['enqueue', '--job', 'new', '--models', 'm'])).toMatchObject({ queued: 1 })
    expect(await documentOf(url, ['cancel', 'later'])).toMatchObject({ state: 'cancelled' })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    // One byte of what is left, and the state of the cut itself.
    await tamper(url, `update job_queue_log set command_hash = command_hash + 1 where seq = ${cut + 2}`)
    expect((await documentOf(url, ['verify'], 3)).firstBad).toMatchObject({ seq: cut + 2 })
  })

  it('keeps the snapshot of the cut, even from a user who deletes snapshots', async () => {
    const { url, cut } = await oldQueue()
    await documentOf(url, ['archive', '--before', String(cut), '--drop'])
    await documentOf(url, ['snapshot'])
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await expect(client.query('delete from interlock.job_queue_snapshots')).rejects.toMatchObject({
      code: 'JQ111',
    })
    const others = `delete from interlock.job_queue_snapshots where seq <> ${cut}`
    expect((await client.query(others)).rowCount).toBe(1)
    await client.end()
    for (const words of [['queue'], ['verify'], ['enqueue', '--job', 'new', '--models', 'm']])
      await documentOf(url, words)
  })

  it('lets every reader begin at the cut, and say so', async () => {
    const { url, cut } = await oldQueue()
    const log: readonly LoggedEvent[] = await logOf(url)
    const audited = await documentOf(url, ['audit'])
    await documentOf(url, ['archive', '--before', String(cut), '--drop'])
    const read = async (words: readonly string[]) => {
      const { code, stdout, stderr } = await interlock([...words, '--json', '--url', url])
      expect({ words, code }).toEqual({ words, code: 0 })
      expect(stderr).toContain(`from event ${cut + 1} on: earlier events are archived`)
      return stdout
    }
    expect(JSON.parse(await read(['log', '--limit', '1000']))).toEqual(log.slice(cut))
    expect(JSON.parse(await read(['audit']))).toMatchObject({
      ...{ fromSeq: cut + 1, events: log.length - cut, violations: [], overlaps: [] },
      lastAt: audited.lastAt,
    })
    const steps = (await read(['replay', '--follow', '--speed', '0'])).trim().split('\n')
    expect(steps.map((line) => JSON.parse(line).seq)).toEqual(log.slice(cut).map(({ seq }) => seq))
    expect(JSON.parse(await read(['stats', '--since', '0'])).counts).toMatchObject(countsOf(log.slice(cut)))
    await worked(url, ['d,p,0', 'e,o,0'])
    expect(JSON.parse(await read(['what-if', '--since', '0'])).jobs).toBeGreaterThan(1)
    const { stdout } = await interlock(['explain', 'a', '--url', url])
    expect(stdout).toMatch(/^job {4}a, archived\n/)
    expect(stdout).toContain(`the log has no event of it after event ${cut}`)
    // What is left says what it is: the page that is filed names where it begins.
    expect((await interlock(['audit', '--markdown', '--url', url])).stdout).toContain(
      `Events 1 to ${cut} were not read`,
    )
  })

  it('reads the files back in front of the log, and every command says what it said before', async () => {
    const { url, cut } = await oldQueue()
    const before = await saidOf(url)
    const folder = await temporaryFolder()
    const files = ['first.jsonl.gz', 'second.jsonl.gz'].map((name) => path.join(folder, name))
    const [first = '', second = ''] = files
    await documentOf(url, ['archive', '--before', String(cut - 4), '--to', first])
    await documentOf(url, ['archive', '--before', String(cut), '--to', second])
    const given = ['--from-archive', second, '--from-archive', first]
    const { auditedAt: _, ...audit } = await documentOf(url, ['audit', ...given])
    expect(audit).toEqual(before.audit)
    expect(await documentOf(url, ['log', '--limit', '1000', ...given])).toEqual(before.log)
    expect(await documentOf(url, ['replay', '--to', '5', ...given])).toEqual(before.replay)
    expect((await documentOf(url, ['stats', '--until', '12', ...given])).counts).toEqual(before.stats)
    expect(await documentOf(url, ['verify', ...given])).toMatchObject({ ok: true, firstBad: null })
    for (const [named, says] of [
      [[first], `ends with event ${cut - 4}, and the log of queue default begins after ${cut}`],
      [[path.join(folder, 'none')], 'no such file'],
    ] as const) {
      const words = named.flatMap((file) => ['--from-archive', file])
      const { code, stderr } = await interlock(['audit', ...words, '--url', url])
      expect({ code, says: stderr.includes(says), stderr }).toMatchObject({ code: 2, says: true })
    }
    const only = await interlock(['audit', '--from-archive', second, '--url', url])
    expect({ code: only.code, note: only.stderr.includes('from event') }).toEqual({ code: 0, note: true })
  })

  it('runs a file again after the run before it was archived, but none that was under way', async () => {
    const { url } = await oldQueue()
    const { version } = await documentOf(url, ['snapshot'])
    await documentOf(url, ['cancel', 'later'])
    await documentOf(url, ['archive', '--before', String(version), '--drop'])
    await worked(url, ['a,m,0', 'b,m;n,0', 'c,o,0'])
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [], completed: 3 })
    // Of one that was under way nobody knows which jobs have ended.
    const file = await fileWith('long.csv', 'job_id,models,seconds\nlong,m,0\n')
    const { jobs } = await readWorkload(file, {})
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    await coordinator.enqueue([{ jobId: 'long', models: ['m'], kind: runKind(jobs) }])
    await coordinator.close()
    await store.close()
    const { version: head } = await documentOf(url, ['snapshot'])
    await documentOf(url, ['archive', '--before', String(head), '--drop'])
    const { code, stderr } = await interlock(['run', file, '--url', url])
    expect({ code, says: stderr.includes('in the middle of a run of this file') }).toEqual({
      code: 1,
      says: true,
    })
  })

  it('can be called by a schedule in SQL, below a snapshot only', async () => {
    const { url } = await oldQueue()
    const call = async (before: string) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const { rows: found } = await client.query(
        `select job_queue_archive_before('default', ${before}, true) as done`,
      )
      await client.end()
      return found[0].done
    }
    expect(await call('now()')).toEqual({ archived: 0, archived_seq: 0, unkept: 0 })
    const { version } = await documentOf(url, ['snapshot'])
    expect(await call(`now() - interval '1 hour'`)).toMatchObject({ archived: 0 })
    expect(await call('now()')).toEqual({ archived: version, archived_seq: version, unkept: 0 })
    await documentOf(url, ['enqueue', '--job', 'more', '--models', 'm'])
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
    expect(await documentOf(url, ['audit'])).toMatchObject({ violations: [] })
  })

  it('opens no other way to change the log', async () => {
    const { url, cut } = await oldQueue()
    await documentOf(url, ['archive', '--before', String(cut)])
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`set interlock.archive = 'default:1'`)
    await expect(client.query('delete from job_queue_log')).rejects.toMatchObject({ code: 'JQ101' })
    await expect(client.query('truncate job_queue_log')).rejects.toMatchObject({ code: 'JQ101' })
    await expect(client.query('update job_queue_log set job_id = null')).rejects.toMatchObject({
      code: 'JQ101',
    })
    await client.end()
  })

  it.each([
    [[], '--before: say which events'],
    [['--before', 'soon'], '--before soon: must be the number of an event, or a time such as'],
    [['--before', '5', '--to', 'x', '--drop'], '--drop: cannot be used together with --to'],
  ])('%j is refused before anything is opened', async (words, message) => {
    const { code, stderr } = await interlock(['archive', ...words, '--url', 'postgres://127.0.0.1:1/x'])
    expect({ code, says: stderr.includes(message) }).toEqual({ code: 2, says: true })
  })
})
