// Slow, waits 39 s: kills worker processes, and waits for their leases.
/** Worker processes of a run that are killed. Each test waits for leases to run out, so they wait at the same time. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fileWith } from '../../servers/cli/support.ts'
import { connection } from '../../servers/contract/support.ts'
import { document, start } from '../../servers/e2e/support.ts'
import { type Project, startMigrated } from '../../servers/supabase/support.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { eventually } from '../../support/this-test.ts'

let project: Project
beforeAll(async () => {
  project = await startMigrated()
  vi.stubEnv('SUPABASE_SECRET_KEY', project.keys.secret)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await project.close()
})

const work = (jobs: number) => {
  const line = (n: number) => `job-${n},m${n % 4}${n % 3 === 0 ? `;rare-${n}` : ''},0.1`
  return fileWith(
    'work.csv',
    `job_id,models,seconds\n${Array.from({ length: jobs }, (_, n) => line(n)).join('\n')}\n`,
  )
}

describe.concurrent('worker processes', () => {
  it('a run on PostgreSQL notices a worker that is killed: its job starts again when its lease is over, and another process takes its place', async () => {
    const url = await createDatabase('e2e', 'migrated')
    const words = [
      'run',
      await work(8),
      '--policy',
      'by-model',
      '--time-scale',
      '10',
      '--processes',
      '2',
      '--concurrency',
      '2',
    ]
    const running = start([...words, '--url', url, '--json'])
    const sql = await connection(url)
    const activeCount = async () =>
      (await sql.query('select active_count from job_queue_state')).rows[0]?.active_count
    await eventually(activeCount, { timeout: 60_000 }).toBe(4)
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(running.child.pid)])
    const [victim] = stdout.trim().split('\n').map(Number)
    process.kill(victim as number, 'SIGKILL')
    const { code, stdout: said, stderr } = await running.ended
    expect(stderr).toContain(`(process ${victim}) ended by SIGKILL`)
    expect({ code, ...JSON.parse(said) }).toMatchObject({ code: 0, completed: 8, failed: 0, violations: 0 })
  })

  it('a run through the API of a project, with four processes of which one is killed and then another, breaks no promise and loses no job', async () => {
    const words = [
      'run',
      await work(80),
      '--policy',
      'by-model',
      '--processes',
      '4',
      '--concurrency',
      '1',
      '--time-scale',
      '3',
    ]
    const running = start([...words, '--url', project.url, '--json'])
    // Asked for directly: a command that starts for each look may find that the jobs are over.
    const areBusy = async () =>
      (await project.query('select active_count >= 3 as busy from job_queue_state'))[0]?.['busy']
    const killed: string[] = []
    while (killed.length < 2) {
      await eventually(areBusy, { timeout: 60_000 }).toBe(true)
      const { stdout } = await promisify(execFile)('pgrep', ['-P', String(running.child.pid)])
      const victim = stdout
        .trim()
        .split('\n')
        .find((pid) => !killed.includes(pid))
      if (victim === undefined) throw new Error('no process is left to be killed')
      process.kill(Number(victim), 'SIGKILL')
      killed.push(victim)
    }
    const { code, stdout, stderr } = await running.ended
    expect(stderr.match(/ended by SIGKILL/g)).toHaveLength(2)
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 0,
      jobs: 80,
      completed: 80,
      failed: 0,
      violations: 0,
      verified: true,
    })
    expect(stdout + stderr).not.toContain(project.keys.secret)
    expect(await document(['audit', '--url', project.url])).toMatchObject({
      code: 0,
      jobs: 80,
      violations: [],
    })
    expect(await document(['verify', '--url', project.url])).toMatchObject({ code: 0, ok: true })
  })
})
