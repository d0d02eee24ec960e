/** Worker processes that reach the database through the API of a project alone. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { fileWith } from '../cli/support.ts'
import { type Project, startMigrated } from '../supabase/support.ts'
import { document, start, statusUntil } from './support.ts'

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

it('four processes, of which one is killed and then another, break no promise and lose no job', async () => {
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
    '5',
  ]
  const running = start([...words, '--url', project.url, '--json'])
  for (let kills = 0; kills < 2; kills++) {
    await statusUntil(project.url, ({ activeCount }) => activeCount >= 3)
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(running.child.pid)])
    process.kill(Number(stdout.trim().split('\n')[0]), 'SIGKILL')
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
  expect(await document(['audit', '--url', project.url])).toMatchObject({ code: 0, jobs: 80, violations: [] })
  expect(await document(['verify', '--url', project.url])).toMatchObject({ code: 0, ok: true })
})
