// Slow: kills a process that enqueues, before each of its steps.
/** A process that enqueues a thousand jobs in one call is killed: all of them are in line, or none and nothing of them can be seen. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { judge, scene } from '../../servers/process/support.ts'
import { brief } from '../../support/flags.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'

const COUNT = 1_000

/** Before which step it stopped; `done`: there is none of that name. */
async function killedBefore(url: string, step: string): Promise<string> {
  const child = fork(await compiled('test/slow/process/enqueue-many-child.ts'), [url, step], {
    execArgv: [...brief],
  })
  atEnd(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`it has ended by itself (${code})`)),
  )
  const [stopped] = await Promise.race([once(child, 'message'), ended])
  ended.catch(() => {})
  child.kill('SIGKILL')
  await once(child, 'exit')
  return stopped
}

it('before the call is committed, and after each part, while jobs of the first part end', async () => {
  const { url, client, store, coordinator } = await scene()
  const kept = async () =>
    (
      await client.query(`select (select count(*)::int from job_queue_log where event_type = 'queued') as queued,
        (select count(*)::int from interlock.job_queue_submissions) as submitted, (select count(*)::int from interlock.job_queue_data) as data`)
    ).rows[0]
  for (const step of ['piece 0', 'piece 2', 'commit 0']) {
    expect(await killedBefore(url, step)).toBe(step)
    expect(await kept()).toEqual({ queued: 0, submitted: 0, data: 0 })
  }
  for (const step of ['committed 0', 'part 0', 'answer 0', 'part 2', 'answer 1']) {
    const stopped = await killedBefore(url, step)
    // Another process may have put the rest in line before this one repeated the call.
    if (stopped !== step) expect(stopped).toBe(`done ${COUNT}`)
    const [started] = await coordinator.claim({ max: 1 })
    if (started !== undefined) await coordinator.complete(started.lease)
    // As if the time had passed for which they were reserved.
    await client.query(
      'update interlock.job_queue_submissions set taken_until = null; update interlock.job_queue_inbox set taken_until = null',
    )
  }
  // The same call again does nothing twice.
  expect(await killedBefore(url, 'none')).toBe(`done ${COUNT}`)
  expect(await kept()).toEqual({ queued: COUNT, submitted: 0, data: COUNT })
  const { rows } = await client.query(
    `select count(distinct job_id)::int as jobs from job_queue_log where event_type = 'queued'`,
  )
  expect(rows).toEqual([{ jobs: COUNT }])
  const { violations, verified } = await judge(store)
  expect([violations, verified]).toEqual([[], true])
  // What no append has taken over is deleted an hour later, when something else is sent ahead.
  await client.query(`update interlock.job_queue_staged set staged_at = staged_at - interval '61 minutes'`)
  await store.stage('default', 'another', [{ jobId: 'another', payload: 1 }])
  const staged = await client.query('select distinct command_id from interlock.job_queue_staged')
  expect(staged.rows).toEqual([{ command_id: 'another' }])
})
