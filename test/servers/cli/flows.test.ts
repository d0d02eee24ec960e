/** Flows on the command line: put in line, seen, cancelled and retried. */
import { expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { documentOf, emptyQueue } from './history.ts'
import { fileWith, interlock } from './support.ts'

it('interlock flow (flow, flowMermaid) shows jobs that come after others; they are cancelled and retried with these', async () => {
  const url = await emptyQueue()
  const lines = ['film,editor,picture;sound?', 'picture,flux,', 'sound,bark,', 'cut,editor,film']
  const file = await fileWith('flow.csv', `job_id,models,after\n${lines.join('\n')}\n`)
  expect(await documentOf(url, ['enqueue', file])).toMatchObject({
    queued: 4,
    waiting: expect.arrayContaining([expect.objectContaining({ jobId: 'film', code: 'waits_for_parents' })]),
  })
  const more = ['enqueue', '--job', 'trailer', '--models', 'editor', '--after', 'film;cut?']
  expect(await documentOf(url, more)).toMatchObject({ queued: 1 })

  const { jobs, links, isWhole } = await documentOf(url, ['flow', 'film'])
  expect(jobs[0]).toEqual({ jobId: 'film', state: 'for_parents' })
  expect([jobs.length, isWhole]).toEqual([5, true])
  expect(links).toEqual(
    expect.arrayContaining([
      { before: 'picture', after: 'film', ifFailed: 'fail' },
      { before: 'sound', after: 'film', ifFailed: 'continue' },
      { before: 'cut', after: 'trailer', ifFailed: 'continue' },
    ]),
  )
  const diagram = await interlock(['flow', 'film', '--mermaid', '--url', url])
  expect(diagram.stdout).toContain('["film: for_parents"]:::waiting')
  expect(diagram.stdout).toMatch(/ -\.-> j0$/m)
  const table = await interlock(['flow', 'cut', '--url', url])
  expect(table.stdout).toMatch(/^for parents +film +(picture, sound\?|sound\?, picture)$/m)
  expect(table.stdout).not.toContain('\u001b')

  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  for (const { lease } of await coordinator.claim({ max: 10 }))
    await coordinator.fail(lease, { retryAt: null })
  await coordinator.close()
  await store.close()
  expect((await documentOf(url, ['flow', 'cut'])).jobs).toContainEqual({ jobId: 'film', state: 'failed' })
  const alone = await interlock(['retry', 'film', '--url', url])
  expect(alone.stdout).toMatch(
    /job film has failed again: .*\(picture\).*`npx interlock-queue retry picture --descendants`/s,
  )
  expect(await documentOf(url, ['retry', 'picture', '--descendants'])).toEqual({ retried: 4 })
  expect(await documentOf(url, ['cancel', 'film', '--descendants'])).toEqual({
    jobId: 'film',
    state: 'cancelled',
  })
  const after = await documentOf(url, ['flow', 'cut'])
  expect(after.jobs).toContainEqual({ jobId: 'trailer', state: 'cancelled' })
  expect((await interlock(['cancel', '--model', 'm', '--descendants', '--yes', '--url', url])).code).toBe(2)
})
