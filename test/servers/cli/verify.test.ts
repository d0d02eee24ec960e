import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, logOf, tamper, worked } from './history.ts'
import { interlock } from './support.ts'

const jobs = ['a,m,0', 'b,m;n,0', 'c,o,0', 'd,m,0']

/** A queue with a history, and with three jobs that wait. */
async function usedQueue(): Promise<string> {
  const url = await emptyQueue()
  await worked(url, jobs)
  for (const id of ['x', 'y', 'z']) await documentOf(url, ['enqueue', '--job', id, '--models', 'm'])
  return url
}

describe('interlock verify', () => {
  it.each([
    [
      'is gone',
      'delete from job_queue_log where seq = 7',
      'event 7 is missing; the next one is 8',
      'restore',
    ],
    [
      'can no longer be read',
      `update job_queue_log set models = null where seq = 2`,
      'is damaged at event',
      'recover',
    ],
    [
      'is of a type that nobody knows',
      `update job_queue_log set event_type = 'odd' where seq = 9`,
      'odd',
      'upgrade',
    ],
    [
      'cannot have happened',
      `update job_queue_log set job_id = 'nobody' where seq = 8`,
      'nobody is not',
      'restore',
    ],
  ])('names the first event that %s, says what to do, and exits with 3', async (_, statement, why, todo) => {
    const url = await usedQueue()
    await tamper(url, statement)
    const { ok, firstBad } = await documentOf(url, ['verify'], 3)
    expect({ ok, seq: firstBad.seq }).toEqual({ ok: false, seq: Number(/seq = (\d+)/.exec(statement)?.[1]) })
    expect(firstBad.what).toContain(why)
    expect(firstBad.todo).toContain(todo)
    const { stdout } = await interlock(['verify', '--url', url])
    expect(stdout).toContain(`the log is not sound from event ${firstBad.seq} on`)
  })

  it('restores rather than voids an unreadable event that has left the log', async () => {
    const url = await usedQueue()
    await documentOf(url, ['archive', '--before', '4'])
    await tamper(url, 'update interlock.job_queue_log_archive set models = null where seq = 2')
    const { firstBad } = await documentOf(url, ['verify'], 3)
    expect(firstBad.todo).toContain('restore')
  })

  it('names the earlier one of two, though the later one makes the page unreadable', async () => {
    const url = await usedQueue()
    await tamper(
      url,
      `update job_queue_log set event_type = 'odd' where seq = 12`,
      'delete from job_queue_log where seq = 6',
    )
    expect((await documentOf(url, ['verify'], 3)).firstBad.seq).toBe(6)
  })

  it('finds a tail that was cut off', async () => {
    const url = await usedQueue()
    const last = (await logOf(url)).at(-1)?.seq ?? 0
    await tamper(url, `delete from job_queue_log where seq > ${last - 2}`)
    expect((await documentOf(url, ['verify'], 3)).firstBad).toMatchObject({ seq: last - 1 })
  })

  it('sees that the row of the queue is gone, and checks the log all the same', async () => {
    const url = await usedQueue()
    const { version } = await documentOf(url, ['verify'])
    await tamper(url, `delete from job_queue_state where queue = 'default'`)
    const gone = { row: 'job_queue_state', field: '*', stored: 'no row', folded: 'a row' }
    expect(await documentOf(url, ['verify'], 3)).toMatchObject({
      ...{ ok: false, version, firstBad: null, differences: [gone] },
    })
    const { findings } = await documentOf(url, ['doctor'], 3)
    expect(findings).toContainEqual(expect.objectContaining({ check: 'projection', level: 'problem' }))
    await tamper(url, 'delete from job_queue_log where seq = 4')
    expect(await documentOf(url, ['verify'], 3)).toMatchObject({ ok: false, firstBad: { seq: 4 } })
  })

  it('sees that the head of the queue names an earlier event than the last one', async () => {
    const url = await usedQueue()
    const { version } = await documentOf(url, ['verify'])
    await tamper(
      url,
      `update interlock.job_queue_heads set version = ${version - 2}`,
      `update job_queue_state set version = ${version - 2}`,
    )
    expect((await documentOf(url, ['verify'], 3)).firstBad).toMatchObject({ seq: version - 1 })
  })

  it('says to upgrade if events are of a newer release, and not to restore anything', async () => {
    const url = await usedQueue()
    await tamper(url, 'update job_queue_log set schema_version = 9 where seq = 6')
    const { code, stdout } = await interlock(['verify', '--url', url])
    expect({ code, upgrade: stdout.includes('upgrade interlock-queue') }).toEqual({ code: 3, upgrade: true })
    expect(stdout).not.toContain('restore')
    expect((await documentOf(url, ['verify'], 3)).firstBad).toMatchObject({ seq: 6 })
  })

  it('finds rows that were put back to an earlier version, even if they were right then', async () => {
    const url = await emptyQueue()
    await worked(url, jobs)
    const { version } = await documentOf(url, ['status'])
    await tamper(
      url,
      `update job_queue_state set version = 0, policy = '{"maxActive":1,"capacity":{},"maxOvertakes":0,"ageSeconds":60,"offerMs":2000,"emptySet":"bypass","holdAfterLossSeconds":{},"rate":{},"fairShare":null,"retentionDays":30,"archive":"keep"}'`,
    )
    expect((await documentOf(url, ['verify'], 3)).differences).toContainEqual({
      row: 'job_queue_state',
      field: 'version',
      stored: 0,
      folded: version,
    })
  })
})

describe('interlock rebuild', () => {
  it('corrects what verify shows, says how much, and a second run does nothing', async () => {
    const url = await usedQueue()
    await tamper(
      url,
      `update job_queue_jobs set models = '{other}', priority = 9 where job_id = 'y'`,
      `delete from job_queue_jobs where job_id = 'z'`,
      `insert into job_queue_jobs
       select (jsonb_populate_record(j, '{"job_id": "ghost"}')).* from job_queue_jobs j where job_id = 'x'`,
      `update job_queue_state set status = 'draining', waiting_count = 77, drained_at = now()`,
    )
    const found = await documentOf(url, ['verify'], 3)
    const fields = found.differences.map(
      ({ row, field }: { row: string; field: string }) => `${row} ${field}`,
    )
    expect(fields.toSorted()).toEqual([
      'job_queue_jobs ghost *',
      'job_queue_jobs y models',
      'job_queue_jobs y priority',
      'job_queue_jobs z *',
      'job_queue_state drained_at',
      'job_queue_state status',
      'job_queue_state waiting_count',
    ])
    expect(await documentOf(url, ['rebuild'])).toMatchObject({ removed: 3, written: 3 })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, differences: [], firstBad: null })
    expect(await documentOf(url, ['rebuild'])).toMatchObject({ removed: 0, written: 0 })
  })

  it('makes every row again, those of the own tables too', async () => {
    const url = await emptyQueue()
    await tamper(url, `insert into jobs (job_id, model) values ('x', 'm'), ('y', 'm')`)
    for (const id of ['x', 'y']) await documentOf(url, ['enqueue', '--job', id, '--models', 'm'])
    const blocked = `select from jobs where job_id = 'y' and blocked_by_job_id = 'x'`
    await tamper(url, blocked, 'delete from job_queue_jobs', 'delete from job_queue_state')
    await tamper(url, `update jobs set blocked_by_job_id = 'me', queued_at = null where job_id = 'y'`)
    expect((await documentOf(url, ['rebuild'])).outer).toBeGreaterThan(0)
    await tamper(url, blocked)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, jobs: 2 })
  })

  it('writes nothing from a log that is not sound', async () => {
    const url = await usedQueue()
    await tamper(url, 'delete from job_queue_log where seq = 7', `update job_queue_jobs set priority = 9`)
    const { code, stderr } = await interlock(['rebuild', '--url', url])
    expect(code).toBe(1)
    expect(stderr).toContain('sequence number 7 was expected')
    await tamper(url, 'select from job_queue_jobs where priority = 9')
  })
})
