/** Over HTTP no call holds a transaction, and an answer has no more than 1,000 rows: rows are compared and written all the same. */
import { expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { rebuild, verify } from '../../../src/tools/history/index.ts'
import { status } from '../../../src/tools/operate/index.ts'
import { startMigrated, storeOn } from './support.ts'

const JOBS = 2_500

it('a line longer than an answer may be is verified and rebuilt over supabase-js', async () => {
  const project = await startMigrated()
  onTestFinished(() => project.close())
  const store = storeOn(project, { wake: 'poll' })
  onTestFinished(() => store.close())
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  for (let at = 0; at < JOBS; at += 500)
    await coordinator.enqueue(
      Array.from({ length: 500 }, (_, n) => ({ jobId: `job-${at + n}`, models: ['m'] })),
    )
  await coordinator.close()
  expect(await verify({ store })).toMatchObject({ ok: true, jobs: JOBS, differences: [] })
  const whole = await store.projection('default')
  const wrong = (whole?.jobs ?? []).slice(0, 1_500).map(({ job_id: jobId }) => jobId)
  const { state } = whole ?? {}
  if (state === undefined) throw new Error('the queue has a row')
  // As if somebody had deleted these rows by hand.
  await store.rebuild('default', state.version, () => ({ state, jobs: [], jobIds: wrong }))
  const { ok, differences } = await verify({ store })
  expect([ok, differences.length]).toEqual([false, 1_500])
  expect(await rebuild({ store })).toMatchObject({ removed: 0, written: 1_500 })
  expect(await verify({ store })).toMatchObject({ ok: true, jobs: JOBS })
  expect(await status({ store })).toMatchObject({ activeCount: 0, waitingCount: JOBS })
})
