// Slow, 16 s: each statement of docs/reference/hand-edits.md.
/** The table of docs/reference/hand-edits.md, line by line: each statement as it stands, on PostgreSQL, with a process that lives meanwhile. */
import { describe, expect, it } from 'vitest'
import { interlock } from '../../servers/cli/support.ts'
import { connection } from '../../servers/contract/support.ts'
import { handEdits, type Outcome } from '../../servers/docs/hand-edits.ts'
import { type Account, account } from '../../servers/intake/support.ts'
import { failureOf } from '../../servers/migrate/support.ts'

const lines = handEdits.flatMap(({ statements, outcome, events, instead }) =>
  statements.map((statement) => ({ statement, outcome, events, instead: instead?.split(' ') ?? null })),
)

/** As the page has it: report-1 runs, report-2 waits behind it, report-3 has failed, report-4 is a draft. */
async function scene() {
  const db = await account()
  const coordinator = await db.coordinator()
  const begin = async (jobId: string) => {
    await db.query("insert into jobs (job_id, model) values ($1, 'flux-dev')", [jobId])
    await coordinator.takeIn({ max: 10 })
  }
  const claim = async () => {
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('nothing was started')
    return started.lease
  }
  await begin('report-3')
  await coordinator.fail(await claim(), { retryAt: null })
  await begin('report-1')
  const lease = await claim()
  await begin('report-2')
  await db.exec("insert into jobs (job_id, model, status) values ('report-4', 'flux-dev', 'draft')")
  const followed = 'select count(*)::int from interlock.job_queue_heads where projected_seq < version'
  await expect.poll(() => db.value(followed)).toBe(0)
  return { db, coordinator, lease, before: (await db.log()).length }
}

type Scene = Awaited<ReturnType<typeof scene>>

const typesSince = async ({ db, before }: Scene) => (await db.log()).slice(before).map(({ type }) => type)
const rowOf = async (db: Account, jobId: string) =>
  (await db.query('select * from jobs where job_id = $1', [jobId]))[0]
const verify = async (db: Account) => (await interlock(['verify', '--url', db.url])).code

const modelsOf = async (coordinator: Scene['coordinator'], jobId: string) =>
  (await coordinator.explain(jobId))?.models.map(({ model }) => model)

/** After a change of the job by the log, the row says what the log says. */
async function heals({ db, coordinator, lease }: Scene, jobId: string, column: string, value: unknown) {
  if (jobId === 'report-1') await coordinator.fail(lease, { retryAt: null })
  else await coordinator.cancel(jobId)
  await expect.poll(async () => (await rowOf(db, jobId))?.[column]).toEqual(value)
}

/** What the outcome of a line says, beyond its events. */
const outcomes: Readonly<Partial<Record<Outcome, (scene: Scene) => Promise<void>>>> = {
  'waits on; its next change or `rebuild` restores the columns': async ({ db }) => {
    expect((await rowOf(db, 'report-2'))?.['blocked_by_job_id']).toBeNull()
    expect((await interlock(['rebuild', '--url', db.url])).code).toBe(0)
    await expect.poll(async () => (await rowOf(db, 'report-2'))?.['blocked_by_job_id']).toBe('report-1')
  },
  'runs on; its next change restores the row': (scene) => heals(scene, 'report-1', 'status', 'failed'),
  'runs on; `verify` shows the edit, the next event or `rebuild` undoes it': async (scene) => {
    expect(await verify(scene.db)).toBe(3)
    await scene.coordinator.cancel('report-2')
    expect(await scene.db.value('select active_job_id from job_queue_state')).toBe('report-1')
    expect(await verify(scene.db)).toBe(0)
  },
  'waits on; `verify` shows the edit, `rebuild` undoes it': async ({ db }) => {
    expect(await verify(db)).toBe(3)
    expect((await interlock(['rebuild', '--url', db.url])).code).toBe(0)
    expect(await verify(db)).toBe(0)
  },
  'the next process reads the whole log; refused where the log was cut (`JQ111`)': async ({ db, before }) => {
    expect((await interlock(['queue', '--url', db.url])).stdout).toContain('report-2')
    const cut = ['archive', '--before', String(before), '--drop', '--url', db.url]
    expect(await interlock(cut)).toMatchObject({ code: 0 })
    const refused = await failureOf(db.exec('DELETE FROM interlock.job_queue_snapshots'))
    expect(refused).toMatchObject({ code: 'JQ111' })
    expect((await interlock(['queue', '--url', db.url])).stdout).toContain('report-2')
  },
  'is asked to stop, and keeps its models until it has': async ({ db, coordinator, lease }) => {
    expect(await db.value('select active_models from job_queue_state')).toEqual(['flux-dev'])
    await coordinator.confirmCancel(lease)
    expect(coordinator.state().activeCount).toBe(0)
  },
  'as after a `DELETE` of each row': async ({ coordinator }) => {
    const [active] = coordinator.state().active()
    expect(active).toMatchObject({ jobId: 'report-1', cancelRequested: true })
    expect(coordinator.state().waitingCount).toBe(0)
  },
  'leaves the line': async ({ coordinator }) => expect(coordinator.state().waitingCount).toBe(0),
  'waits on; its next change restores the row': (scene) => heals(scene, 'report-2', 'status', 'cancelled'),
  'stays failed: a row becomes a job once': async ({ db, coordinator }) => {
    expect(await coordinator.takeIn({ max: 10 })).toBe(0)
    expect((await rowOf(db, 'report-3'))?.['status']).toBe('pending')
  },
  'is queued, like an inserted row': async ({ coordinator }) =>
    expect(
      coordinator
        .state()
        .waiting()
        .map(({ jobId }) => jobId),
    ).toEqual(['report-2', 'report-4']),
  'keeps its models; you get a warning': async ({ coordinator }) =>
    expect(await modelsOf(coordinator, 'report-2')).toEqual(['flux-dev']),
  'waits on; its next change restores the column': async ({ db, coordinator }) => {
    expect(await modelsOf(coordinator, 'report-2')).toEqual(['flux-dev'])
    await coordinator.cancel('report-2')
    await expect.poll(async () => (await rowOf(db, 'report-2'))?.['status']).toBe('cancelled')
    expect(await rowOf(db, 'report-2')).toMatchObject({ required_models: ['flux-dev'], priority: 0 })
  },
}

const refusal = /^refused: `(\w+)`$/

describe('the page of hand edits', () => {
  it('says what the repairs of the first coordinator do now', () => {
    const statements = lines.map(({ statement }) => statement).join('\n')
    expect(lines.length).toBeGreaterThan(15)
    for (const repair of [
      'UPDATE jobs SET blocked_by_job_id = NULL',
      'UPDATE job_queue_state SET active_job_id = NULL',
      "DELETE FROM job_queue_log WHERE created_at < NOW() - INTERVAL '7 days'",
    ])
      expect(statements).toContain(repair)
  })

  it.each(lines)('$statement: $outcome', async ({ statement, outcome, events }) => {
    const made = await scene()
    const { db, coordinator } = made
    const code = refusal.exec(outcome)?.[1]
    if (code !== undefined) expect(await failureOf(db.exec(statement))).toMatchObject({ code })
    else await db.exec(statement)
    await coordinator.takeIn({ max: 10 })
    const decided = 'select count(*)::int from interlock.job_queue_inbox where answered_at is null'
    await expect.poll(() => db.value(decided)).toBe(0)
    expect(await typesSince(made)).toEqual(events)
    const says = outcomes[outcome]
    if (says === undefined) expect(outcome).toMatch(/^refused/)
    await says?.(made)
  })

  const commands = new Map(
    lines.flatMap(({ instead }) => (instead === null ? [] : [[instead.join(' '), instead]])),
  )

  it.each([...commands])('interlock %s works', async (_, words) => {
    const { db } = await scene()
    expect(await interlock([...words, '--url', db.url])).toMatchObject({ code: 0 })
  })

  it('warns a role that changes a model that this does nothing, and no other role', async () => {
    const { db } = await scene()
    const heard: string[] = []
    const client = await connection(db.url)
    client.on('notice', ({ message = '', severity }) => heard.push(`${severity} ${message}`))
    await client.query("update jobs set model = 'other' where job_id in ('report-2', 'report-3', 'report-4')")
    expect(heard).toEqual(['WARNING Interlock: job report-2 keeps the models it was queued with'])
    await client.query('alter table jobs drop column model')
    await client.query("update jobs set status = 'cancelled' where job_id = 'report-2'")
    await expect.poll(() => db.value("select answer ->> 'ok' from interlock.job_queue_inbox")).toBe('true')
    expect(heard).toHaveLength(1)
  })
})
