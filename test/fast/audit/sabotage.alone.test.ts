/** A build in which admission is broken: two jobs may have one model. The audit must see it all the same. */
import { expect, it, vi } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { emptyLedger, type RecordedEvent, type Started } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { Audit } from '../../../src/tools/audit/index.ts'

// Both the decision and the fold ask this; the audit has its own idea of how many places a model has.
vi.mock('../../../src/engine/core/values/policy.ts', async (original) => ({
  ...(await original<object>()),
  capacityOf: () => 2,
}))

/** Every pair of attempts on one model that were live at once, by looking at all pairs. */
function pairsIn(events: readonly RecordedEvent[]): readonly string[] {
  const spans = events.flatMap((start) => {
    if (start.type !== 'started') return []
    const end = events.find((event) => event.type === 'completed' && event.token === start.seq)
    return start.models.map((model) => ({
      model,
      token: start.seq,
      to: end?.seq ?? Number.POSITIVE_INFINITY,
    }))
  })
  const pairs = spans.flatMap((a) =>
    spans.flatMap((b) =>
      a.model === b.model && a.token < b.token && b.token < a.to ? [`${a.model} ${a.token} ${b.token}`] : [],
    ),
  )
  return pairs.toSorted()
}

it('finds every overlap of a run in which two jobs could have one model', async () => {
  const store = memoryStore()
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const coordinator = await createCoordinator({ store, logger: quiet })
  await coordinator.setPolicy('by-model')
  const jobs = Array.from({ length: 200 }, (_, i) => ({
    jobId: `job-${i}`,
    models: [`m${i % 7}`, ...(i % 3 === 0 ? [`n${i % 5}`] : [])],
  }))
  await coordinator.enqueue(jobs)
  const all = { max: 100, kinds: null }
  const running: Started[] = [...(await coordinator.claim(all))]
  // Now the oldest ends, now the newest, so that stretches of every shape come about.
  for (let i = 0; running.length > 0; i++) {
    const job = i % 3 === 0 ? running.pop() : running.shift()
    if (job !== undefined) running.push(...(await coordinator.complete(job.lease, { claim: all })))
  }
  await coordinator.close()
  const { events } = await store.read('default', 0, 10_000)
  const audit = new Audit(emptyLedger)
  for (const event of events) audit.push(event)
  const said = audit.statement({ queue: 'default', store: 'memory', release: 'test', now: 0 })

  const wanted = pairsIn(events)
  expect(wanted.length).toBeGreaterThan(50)
  const found = said.overlaps.flatMap(({ model, holders, fromSeq, toSeq }) => {
    const tokens = holders.map(({ token }) => token)
    expect(Math.max(...tokens.slice(0, 2))).toBe(fromSeq)
    expect(toSeq).not.toBeNull()
    return tokens.flatMap((a) => tokens.flatMap((b) => (a < b ? [`${model} ${a} ${b}`] : [])))
  })
  // A stretch may have more than two holders of which the first was gone when the last came: no pair is left out.
  expect(wanted.filter((pair) => !found.includes(pair))).toEqual([])
  const violations = said.violations.filter(({ rule }) => rule === 'capacity')
  const late = new Set(wanted.map((pair) => `${pair.split(' ')[0]} ${pair.split(' ')[2]}`))
  expect(new Set(violations.map(({ model, seq }) => `${model} ${seq}`))).toEqual(late)
})
