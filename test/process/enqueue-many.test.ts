/** A process that enqueues a thousand jobs in one call is killed: all of them are in line, or none and nothing of them can be seen. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { brief } from '../support/flags.ts'
import { compiled } from '../support/program.ts'
import { atEnd } from '../support/this-test.ts'
import { judge, scene } from './support.ts'

const COUNT = 1_000

/** Before which step it stopped; `done`: there is none of that number. */
async function killedBefore(url: string, step: number): Promise<string> {
  const child = fork(await compiled('test/process/enqueue-many-child.ts'), [url, String(step)], {
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

it('before each part of its payloads, before the append, and before its answer', async () => {
  const { url, client, store } = await scene()
  const kept = async () =>
    (
      await client.query(`select (select count(*)::int from job_queue_log where event_type = 'queued') as queued,
        (select count(*)::int from job_queue_jobs) as rows, (select count(*)::int from job_queue_data) as data`)
    ).rows[0]
  const steps: string[] = []
  while (steps.at(-1) !== 'answer') {
    expect(await kept()).toEqual({ queued: 0, rows: 0, data: 0 })
    steps.push(await killedBefore(url, steps.length))
  }
  expect(steps.filter((step) => step === 'part').length).toBeGreaterThan(2)
  expect(steps.slice(-2)).toEqual(['append', 'answer'])
  expect(await kept()).toEqual({ queued: COUNT, rows: COUNT, data: COUNT })
  const { violations, verified } = await judge(store)
  expect([violations, verified]).toEqual([[], true])
  // What no append has taken over is deleted an hour later, when something else is sent ahead.
  await client.query(`update job_queue_staged set staged_at = staged_at - interval '61 minutes'`)
  await store.stage('default', 'another', [{ jobId: 'another', payload: 1 }])
  const { rows } = await client.query('select distinct command_id from job_queue_staged')
  expect(rows).toEqual([{ command_id: 'another' }])
  // The same call again does nothing twice.
  expect(await killedBefore(url, 100)).toBe('done')
  expect(await kept()).toEqual({ queued: COUNT, rows: COUNT, data: COUNT })
})
