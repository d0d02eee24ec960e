// Slow, waits 16 s: needs PgBouncer.
/** Behind a real PgBouncer, in both of its modes. */
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/base/logger.ts'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { interlock } from '../../servers/cli/support.ts'
import { connection, migratedDatabase } from '../../servers/contract/support.ts'
import { behindPgbouncer } from '../../support/pgbouncer.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { atEnd, eventually } from '../../support/this-test.ts'

const asked = (url: string, query: string) => {
  const address = new URL(url)
  address.search = query
  return address.href
}

/** Someone was there before, so that PgBouncer has a session that is older than the program. */
async function agedPool(direct: string, through: string): Promise<void> {
  const first = await connection(through)
  const { rows } = await first.query('select pg_backend_pid() as pid')
  await first.end()
  const watcher = await connection(direct)
  const age =
    'select extract(epoch from clock_timestamp() - backend_start) as s from pg_stat_activity where pid = $1'
  await eventually(async () => Number((await watcher.query(age, [rows[0].pid])).rows[0]?.s)).toBeGreaterThan(
    10,
  )
}

describe.concurrent.each(['session', 'transaction'] as const)('behind PgBouncer in %s mode', (mode) => {
  it('a statement_timeout of the address holds, as one of the configuration does', async () => {
    const direct = await migratedDatabase()
    const through = await behindPgbouncer(direct, mode)
    const ways = [
      asked(through, 'statement_timeout=300'),
      asked(direct, 'statement_timeout=300'),
      { connectionString: through, statement_timeout: 300 },
    ]
    for (const source of ways) {
      const store = postgresStore(source)
      atEnd(() => store.close())
      await store.open('q')
      const locker = await connection(direct)
      await locker.query(
        'begin; lock table interlock.job_queue_heads, interlock.job_queue_workers in access exclusive mode',
      )
      await expect(store.workers('q')).rejects.toMatchObject({ details: { sqlstate: '57014' } })
      await locker.query('rollback')
      expect(await store.workers('q')).toEqual([])
    }
  })

  it('jobs are worked off, one after the other, with such an address', async () => {
    const through = await behindPgbouncer(await migratedDatabase(), mode)
    const store = postgresStore(asked(through, 'statement_timeout=5000'))
    const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 100 })
    const done = Promise.withResolvers<void>()
    const ran: string[] = []
    const worker = createJobWorker({
      coordinator,
      concurrency: 4,
      handlers: { normal: ({ jobId }) => void (ran.push(jobId) === 20 && done.resolve()) },
    })
    atEnd(async () => {
      await worker.drain()
      await coordinator.close()
      await store.close()
    })
    worker.start()
    const jobIds = Array.from({ length: 20 }, (_, n) => `j${n}`)
    await coordinator.enqueue(jobIds.map((jobId) => ({ jobId, models: ['m'] })))
    await done.promise
    expect(ran).toEqual(jobIds)
  })

  it.each(['lock_timeout=5000', 'idle_in_transaction_session_timeout=5000', 'options=-c%20work_mem%3D8MB'])(
    'an address with %s, which it refuses, fails at once and says what to do',
    async (query) => {
      const through = await behindPgbouncer(await migratedDatabase(), mode)
      const store = postgresStore(asked(through, query))
      atEnd(() => store.close())
      // It would try for an hour.
      const joining = createCoordinator({ store, logger: silentLogger, joinMs: 3_600_000 })
      await expect(joining).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(/startup parameter.*remove it from the address/),
      })
    },
  )

  it('the tables are made, whatever limit the address has', async () => {
    const through = await behindPgbouncer(await createDatabase('pgbouncer'), mode)
    const made = await interlock(['migrate', '--url', asked(through, 'statement_timeout=300')])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('migrated to') })
    const refused = await interlock(['migrate', '--url', asked(through, 'lock_timeout=300')])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('remove it from the address') })
  })

  it('doctor says whether notifications arrive, and nothing else of a pooler', async () => {
    const direct = await migratedDatabase()
    const through = await behindPgbouncer(direct, mode)
    await agedPool(direct, through)
    for (const query of ['', 'statement_timeout=5000']) {
      const { stdout, stderr } = await interlock(['doctor', '--json', '--url', asked(through, query)])
      expect(stderr).toBe('')
      const { findings } = JSON.parse(stdout) as { findings: { check: string; what: string }[] }
      const said = findings.filter(({ check }) => check === 'pooler').map(({ what }) => what)
      const deaf = [expect.stringContaining('notifications do not arrive')]
      expect(said).toEqual(mode === 'session' ? [] : deaf)
    }
  })
})
