/** The doctor and adoption through the HTTP API alone, with the service key. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startProject } from '../../support/supabase/project.ts'
import { interlock } from '../cli/support.ts'
import { type Project, startMigrated, storeOn } from './support.ts'

let project: Project
beforeAll(async () => {
  // A row that nothing has seen arrive, as one of before the migration.
  project = await startMigrated(`set interlock.projecting = 'on';
    insert into jobs (job_id, model, status) values ('old', 'm', 'draft'); update jobs set status = 'pending'`)
})
afterAll(() => project.close())

const ask = async (...words: string[]) => {
  const env = { SUPABASE_SECRET_KEY: project.keys.secret }
  const { code, stdout, stderr } = await interlock([...words, '--json', '--url', project.url], { env })
  return { code, stderr, document: stdout === '' ? null : JSON.parse(stdout) }
}

it('finds what is there, adopts it, and finds nothing more but that nobody takes it in', async () => {
  // Not that fsync is off in the server of the tests: what is on this machine is for development.
  const found = async () =>
    (await ask('doctor')).document.findings.map(({ check }: { check: string }) => check)
  expect(await found()).toEqual(['adoptable'])
  expect((await ask('adopt')).document).toMatchObject({ totals: { pending: 1, running: 0 }, adopted: null })
  expect((await ask('adopt', '--yes')).document).toMatchObject({ adopted: ['old'] })
  expect(await found()).toEqual(['no_process', 'arrivals'])
  const store = storeOn(project)
  expect(await store.arrivals('default', 10)).toMatchObject([{ jobId: 'old', models: ['m'] }])
  await store.close()
})

it("says to use the secret key if it was given a browser's key, and nothing else", async () => {
  const env = { SUPABASE_SECRET_KEY: project.keys.publishable }
  const { code, stdout } = await interlock(['doctor', '--json', '--url', project.url], { env })
  const { findings } = JSON.parse(stdout)
  expect([code, findings]).toEqual([
    3,
    [
      expect.objectContaining({
        check: 'grants',
        what: expect.stringMatching(/the key may not run Interlock$/),
        remedy: 'give the secret key, not a browser key',
      }),
    ],
  ])
})

it('tells of a project without the tables to push the migration', async () => {
  const empty = await startProject('')
  onTestFinished(() => empty.close())
  const env = { SUPABASE_SECRET_KEY: empty.keys.secret }
  const { stdout } = await interlock(['doctor', '--json', '--url', empty.url], { env })
  const { findings } = JSON.parse(stdout)
  expect(findings).toMatchObject([
    {
      check: 'migration',
      remedy: expect.stringMatching(/^run `npx interlock-queue migrate --supabase` and push/),
    },
  ])
})

it('does not go back over HTTP, and says how', async () => {
  const undone = await ask('migrate', '--undo')
  expect(undone).toMatchObject({ code: 2, stderr: expect.stringContaining('--undo --print') })
})
