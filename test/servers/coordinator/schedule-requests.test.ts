import pg from 'pg'
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'

it('schedules are declared by SQL, keep their payload beside the log, and fire; SQL explains by which a job came (job_queue_explain)', async () => {
  const url = await createDatabase('schedules', 'migrated')
  const database = new pg.Pool({ connectionString: url, max: 2 })
  const coordinator = await createCoordinator({
    store: postgresStore(url),
    logger: silentLogger,
    pollMs: 50,
  })
  const sql = async (text: string, values: readonly unknown[] = []) =>
    (await database.query(text, [...values])).rows
  const answerTo = async (command: object) => {
    const [row] = await sql('select job_queue_request($1) as id', [JSON.stringify(command)])
    for (;;) {
      const [found] = await sql('select job_queue_answer($1) as answer', [row?.['id']])
      if (found?.['answer'] != null) return found['answer'] as object
      await new Promise(setImmediate)
    }
  }
  try {
    const job = {
      models: ['ledger'],
      uses: { tpm: 5 },
      payload: { pages: 2 },
    }
    const schedules = [
      { id: 'often', cron: '* * * * * *', tz: 'Asia/Kolkata', missed: { up_to: 3, within: '1h' }, job },
      {
        id: 'yearly',
        cron: '@yearly',
        tz: 'Europe/Berlin',
        job: { ...job, modes: { ledger: 'exclusive' } },
      },
    ]
    expect(await answerTo({ type: 'schedules', owner: 'billing', schedules, revision: 2 })).toEqual({
      ...{ ok: true, set: ['often', 'yearly'], removed: [], kept: [], is_outdated: false },
    })
    expect(await answerTo({ type: 'schedules', owner: 'billing', schedules: [], revision: 1 })).toMatchObject(
      {
        is_outdated: true,
      },
    )
    expect(
      await answerTo({ type: 'schedules', owner: 'x', schedules: [{ ...schedules[1], cron: '61 * * * *' }] }),
    ).toMatchObject({ ok: false, code: 'invalid_input' })
    await expect(answerTo({ type: 'schedules', owner: 'x', schedules: 7 })).rejects.toThrow(
      'schedules: must be a list of at most 10,000 schedules',
    )
    const [fired] = await new Promise<readonly string[]>((resolve) => {
      coordinator.events$.subscribe((event) => {
        if (event.type === 'queued') resolve([event.jobId])
      })
    })
    expect(await coordinator.data([fired ?? ''])).toMatchObject([{ payload: { pages: 2 } }])
    const queued = `select data -> 'whole' as whole, data -> 'uses' as uses from job_queue_log where event_type = 'queued' limit 1`
    expect(await sql(queued)).toEqual([{ whole: null, uses: { tpm: 5 } }])
    const set = `select data -> 'whole' as whole from job_queue_log where event_type = 'schedule_set' and data ->> 'schedule' = 'yearly'`
    expect(await sql(set)).toEqual([{ whole: ['ledger'] }])
    expect(
      await answerTo({
        type: 'schedules',
        owner: 'y',
        schedules: [{ id: 'z', every: '1h', job: { ...job, modes: { m: 'shared' } } }],
      }),
    ).toMatchObject({ ok: false, message: expect.stringContaining('job.modes: must name models of the job') })
    // Beside this it says that no worker takes the job, as soon as its offer has run out.
    const byWhich = expect.stringMatching(/^due at .* Asia\/Kolkata, by schedule often \(/)
    const { also } = (await coordinator.explain(fired ?? '')) ?? {}
    expect(also).toContainEqual(byWhich)
    const dueAt = also?.find((line) => line.startsWith('due at'))
    const [{ place } = {}] = await sql('select job_queue_explain($1) as place', [fired])
    expect(place.also).toContain(dueAt)
    expect(await answerTo({ type: 'pause_schedule', schedule: 'often' })).toEqual({ ok: true })
    expect(await answerTo({ type: 'remove_schedule', schedule: 'nightly' })).toMatchObject({
      code: 'schedule_unknown',
    })
    expect(await answerTo({ type: 'remove_schedule', schedule: 'often' })).toEqual({ ok: true })
    const kept = await sql(
      'select job_id, payload from interlock.job_queue_data where left(job_id, 1) = chr(1) order by 1',
    )
    expect(kept).toMatchObject([{ payload: null }, { payload: { pages: 2 } }])
    expect(coordinator.listSchedules().map(({ id }) => id)).toEqual(['yearly'])
  } finally {
    await coordinator.close()
    await database.end()
  }
})
