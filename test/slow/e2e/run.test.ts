// Slow, 25 s: kills a run, and asks that each of four processes gets a share.
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileWith, temporaryFolder } from '../../servers/cli/support.ts'
import { document, start, statusUntil } from '../../servers/e2e/support.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { createDatabase } from '../../support/postgres-database.ts'

/** Four busy models, and a rare one for every third job: 0.1 s each. */
const workload = (jobs: number): string =>
  Array.from({ length: jobs }, (_, i) => `job-${i},m${i % 4}${i % 3 === 0 ? `;rare-${i}` : ''},0.1`).join(
    '\n',
  )

const file = (jobs: number) => fileWith('work.csv', `job_id,models,seconds\n${workload(jobs)}\n`)

async function embeddedFolder(): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'store')
  await embeddedIn(folder)
  return folder
}

describe('a run on the embedded database', () => {
  it('survives SIGKILL: started again it goes on and loses no job; others may look meanwhile', async () => {
    const url = `pglite:${await embeddedFolder()}`
    const words = ['run', await file(60), '--policy', 'by-model', '--url', url]
    // Slow enough that there is time to look, also on a busy machine: 30 s.
    const first = start([...words, '--time-scale', '20'])
    const seen = await statusUntil(
      url,
      ({ activeCount, waitingCount }) => activeCount > 0 && waitingCount < 54,
    )
    expect(seen).toMatchObject({ code: 0, status: 'running' })
    first.child.kill('SIGKILL')
    await first.ended
    const report = await document(words)
    expect(report).toMatchObject({
      code: 0,
      jobs: 60,
      completed: 60,
      failed: 0,
      violations: 0,
      verified: true,
    })
    expect(report.stderr).toMatch(/going on with an unfinished run: [1-9]\d* jobs have ended/)
    const { jobs, completed, violations } = await document(['audit', '--url', url])
    expect({ jobs, completed, violations }).toEqual({ jobs: 60, completed: 60, violations: [] })
  })

  it('lets several processes work on it, through the one that has it open', async () => {
    const url = `pglite:${await embeddedFolder()}`
    const words = ['run', await file(40), '--policy', 'by-model', '--processes', '2', '--url', url]
    expect(await document(words)).toMatchObject({ code: 0, completed: 40, violations: 0, verified: true })
  })
})

describe('a run on PostgreSQL', () => {
  it('with four processes breaks no promise, and all four work', async () => {
    const url = await createDatabase('e2e', 'migrated')
    const words = ['run', await file(120), '--policy', 'by-model', '--concurrency', '1', '--processes', '4']
    const report = await document([...words, '--url', url])
    expect(report).toMatchObject({
      code: 0,
      jobs: 120,
      completed: 120,
      failed: 0,
      violations: 0,
      verified: true,
    })
    const { stdout } = await start(['log', '--limit', '10000', '--json', '--url', url]).ended
    const events: { type: string; workerId?: string }[] = JSON.parse(stdout)
    const workers = new Set(events.filter(({ type }) => type === 'started').map(({ workerId }) => workerId))
    expect(workers.size).toBe(4)
  })
})
