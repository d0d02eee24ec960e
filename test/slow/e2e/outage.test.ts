// Slow, 14 s: kills the server under a worker.
/** `interlock work` is told to stop while its database is away: nobody answers, and it ends all the same. */
import { expect, it, onTestFinished } from 'vitest'
import { fileWith } from '../../servers/cli/support.ts'
import { start } from '../../servers/e2e/support.ts'
import { startPostgres } from '../../support/postgres.ts'

const handlers = `export default {
  normal: async (_, { signal }) => {
    console.error('the handler runs')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    signal.throwIfAborted()
  },
}`

it.each([
  ['at its deadline', ['--drain', '0'], 1],
  ['at a second signal', ['--drain', '3600'], 2],
])('a worker without its database ends %s, with 0', async (_, drain, signals) => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const at = ['--url', server.url]
  expect(await start(['migrate', ...at]).ended).toMatchObject({ code: 0 })
  expect(await start(['enqueue', '--job', 'A', '--models', 'm', ...at]).ended).toMatchObject({ code: 0 })
  const { child, ended } = start([
    'work',
    '--handler',
    await fileWith('handlers.mjs', handlers),
    ...drain,
    ...at,
  ])
  let said = ''
  child.stderr?.on('data', (text: string) => {
    said += text
  })
  await expect.poll(() => said, { timeout: 60_000 }).toContain('the handler runs')
  await server.kill()
  child.kill('SIGTERM')
  await expect.poll(() => said).toContain('stopping')
  if (signals === 2) child.kill('SIGTERM')
  const { code, stderr } = await ended
  expect(stderr).toMatch(/Job A: its end could not be reported/)
  expect(stderr).toContain('drained: 0 jobs ended, 0 jobs given back to the line')
  expect(code).toBe(0)
})
