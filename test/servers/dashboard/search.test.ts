/** The log by time and by who did it, on the server: also what no page has loaded. */
import { expect, it } from 'vitest'
import { deadSchema } from '../../../src/apps/dashboard/api/job-documents.ts'
import { searchSchema } from '../../../src/apps/dashboard/api/log-documents.ts'
import type { Grant } from '../../../src/apps/dashboard/index.ts'
import { commitBeside } from '../../../src/engine/coordinator/commit/commit-beside.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { mounted, operator, viewer } from './support.ts'

const limit = { forMs: 5_000, signal: new AbortController().signal }

/** Ada pauses a model by the command line, oncall resumes it by the dashboard; between them many jobs come. */
async function changed(options: Parameters<typeof mounted>[0] = {}) {
  const store = memoryStore()
  const there = await mounted({ ...options, store })
  const operator = { operator: 'ada', host: 'db-7', command: 'interlock pause' }
  await commitBeside({ store, queue: 'default', limit, operator }, [
    { type: 'pause_model', model: 'm', reason: 'by_hand', until: null },
  ])
  const { events } = await store.read('default', 0, 1_000)
  const paused = events.at(-1)
  for (let n = 0; n < 5; n++)
    await there.coordinator.enqueue(
      Array.from({ length: 500 }, (_, i) => ({ jobId: `batch_${n}-${i}`, models: ['m'] })),
    )
  const find = async (query: string) => {
    const answer = await there.get(`/api/queues/default/search?${query}`)
    return searchSchema.parse(JSON.parse(await answer.text()))
  }
  return { ...there, paused, find }
}

it('finds who changed what, and at what time, however far back', async () => {
  const { find, post, paused } = await changed()
  await post('/api/queues/default/levers/resume-model', { model: 'm' })
  const all = await find('type=changes')
  expect(all.events.map(({ type }) => type)).toEqual(['model_resumed', 'model_paused'])
  expect(all.operators.map(({ operator, host }) => [operator, host])).toEqual([
    ['oncall', null],
    ['ada', 'db-7'],
  ])
  expect(all.before).toBe(null)
  expect((await find('operator=ADA')).events.map(({ type }) => type)).toEqual(['model_paused'])
  const at = new Date((paused?.at ?? 0) / 1_000 + 1).toISOString()
  expect((await find(`type=changes&until=${at}`)).events.map(({ seq }) => seq)).toEqual([paused?.seq])
  expect((await find(`type=changes&since=${(paused?.seq ?? 0) + 1}`)).events.map(({ type }) => type)).toEqual(
    ['model_resumed'],
  )
})

it('goes on where it ended, with nothing twice and nothing missed', async () => {
  const { find } = await changed()
  const seen: number[] = []
  let before: number | null = null
  do {
    const page = await find(`type=queued&word=batch_3&limit=150${before === null ? '' : `&before=${before}`}`)
    seen.push(...page.events.map(({ seq }) => seq))
    before = page.before
  } while (before !== null)
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toEqual(seen.toSorted((a, b) => b - a))
  expect(seen.length).toBe(500)
})

it('names nobody to a viewer who may not see data, and does not find by names', async () => {
  const { find } = await changed({ authorize: () => viewer })
  expect(await find('type=changes')).toMatchObject({ events: [{ type: 'model_paused' }], operators: [] })
  expect((await find('operator=ada')).events).toEqual([])
})

it('finds dead letters by their error and time, however far back, and only for those who see errors', async () => {
  let grant: Grant = operator
  const { coordinator, get } = await mounted({ authorize: () => grant })
  await coordinator.setPolicy({ maxActive: null, capacity: { m: 1_000 } })
  const jobs = Array.from({ length: 119 }, (_, n) => ({ jobId: `j${n}`, models: ['m'], attempts: 1 }))
  await coordinator.enqueue(jobs)
  for (const { lease } of await coordinator.claim({ max: 120, kinds: null }))
    await coordinator.fail(lease, { error: /^j(?:7|42|118)$/.test(lease.jobId) ? 'no quota' : 'timed out' })
  const dead = async (query: string) => {
    const answer = await get(`/api/queues/default/dead?${query}`)
    return deadSchema.parse(JSON.parse(await answer.text()))
  }
  const ids = (page: { readonly jobs: readonly { readonly jobId: string }[] }) =>
    page.jobs.map(({ jobId }) => jobId).sort()
  // Each answer looks through ten pages of the limit: the rest comes with the next ones.
  const found: string[] = []
  const befores: (number | null)[] = []
  do {
    const from = befores.at(-1)
    const page = await dead(`error=QUOTA&limit=5${from === undefined ? '' : `&before=${from}`}`)
    found.push(...ids(page))
    befores.push(page.before)
  } while (befores.at(-1) !== null)
  expect(found.sort()).toEqual(['j118', 'j42', 'j7'])
  expect(befores).toHaveLength(3)
  expect(ids(await dead('error=quota&since=1h&until=1s'))).toEqual([])
  expect((await dead('error=timed&since=1h&limit=500')).jobs).toHaveLength(116)
  grant = viewer
  expect((await get('/api/queues/default/dead?error=quota')).status).toBe(403)
})
