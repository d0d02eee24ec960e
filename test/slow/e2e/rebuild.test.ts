// Slow, 13 s: repairs rows for as long as four processes work.
import { describe, expect, it } from 'vitest'
import { documentOf, tamper } from '../../servers/cli/history.ts'
import { fileWith, interlock } from '../../servers/cli/support.ts'
import { start, statusUntil } from '../../servers/e2e/support.ts'
import { createDatabase } from '../../support/postgres-database.ts'

/** Some 10 s of work for four processes. */
const JOBS = 400
const workload = Array.from({ length: JOBS }, (_, i) => `job-${i},m${i % 8},0.2`).join('\n')

describe('with workers at it: rebuild', () => {
  it('heals rows, and archive shortens the log, while four worker processes go on, and costs none of them a job', async () => {
    const url = await createDatabase('e2e', 'migrated')
    const file = await fileWith('work.csv', `job_id,models,seconds\n${workload}\n`)
    const words = ['run', file, '--policy', 'by-model', '--processes', '4', '--concurrency', '2', '--json']
    const running = start([...words, '--url', url])
    await statusUntil(url, ({ activeCount, waitingCount }) => activeCount > 3 && waitingCount < JOBS - 20)
    let healed = 0
    for (let round = 0; round < 3; round++) {
      // Rows that wait, and far enough back not to end before they are healed.
      await tamper(
        url,
        `update job_queue_jobs set priority = 77 where job_id > 'job-37' and state = 'waiting'`,
      )
      healed += (await documentOf(url, ['rebuild'])).written
    }
    // And old events leave the log meanwhile, which nobody notices either.
    const { version } = await documentOf(url, ['status'])
    const cut = String(version - 50)
    await expect
      .poll(async () => (await interlock(['archive', '--before', cut, '--url', url])).code, {
        timeout: 20_000,
      })
      .toBe(0)
    const { waitingCount } = await documentOf(url, ['status'])
    expect(waitingCount, 'the workers were at it all the time').toBeGreaterThan(0)
    expect(healed).toBeGreaterThan(10)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, differences: [] })
    const { code, stdout } = await running.ended
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      ...{ code: 0, jobs: JOBS, completed: JOBS, failed: 0, violations: 0, verified: true },
    })
  })
})
