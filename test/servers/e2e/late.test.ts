/** `interlock work` while the database is away: it waits for it, says so, and ends when it is told to. */
import { expect, it, onTestFinished } from 'vitest'
import { startPostgres } from '../../support/postgres.ts'
import { fileWith } from '../cli/support.ts'
import { migrateDatabase } from '../contract/support.ts'
import { start } from './support.ts'

const working = async (url: string) =>
  start([
    'work',
    '--handler',
    await fileWith('handlers.mjs', 'export default { normal: async () => {} }'),
    '--url',
    url,
  ])

it('begins to work when the server comes, however long that takes', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  await migrateDatabase(server.url)
  await server.stop()
  const { child, ended, spoken } = await working(server.url)
  await expect.poll(() => spoken.stderr).toContain('does not answer yet: trying until it does')
  await server.restart()
  await expect.poll(() => spoken.stderr).toContain('working on queue default')
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
})

it('ends when it is told to before the server has come', async () => {
  const { child, ended, spoken } = await working('postgres://u@127.0.0.1:1/app')
  await expect.poll(() => spoken.stderr).toContain('ECONNREFUSED')
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
  expect(spoken.stderr).toContain('drained: 0 jobs ended')
})
