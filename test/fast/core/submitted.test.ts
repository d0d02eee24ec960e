/** Jobs that were committed in a transaction of their submitter: none is refused, and one that may not come into line yet is left out. */
import { expect, it } from 'vitest'
import {
  type CommandBody,
  decide,
  defaultPolicy,
  emptyLedger,
  type JobSpec,
  type Ledger,
  type Policy,
  specDefaults,
} from '../../../src/engine/core/index.ts'

const now = 1_700_000_000_000_000
const job = (jobId: string, more: Partial<JobSpec> = {}): JobSpec => ({
  ...{ jobId, jobType: 'normal', kind: 'normal', models: ['m'], ...specDefaults },
  ...more,
})

function decided(bodies: readonly CommandBody[], ledger: Ledger = emptyLedger) {
  const commands = bodies.map((body, n) => ({ id: `c${n}`, hash: n, workerId: 'w', body }))
  return decide(ledger, commands, { now, deadWorkers: new Set() })
}

const submitted = (...specs: readonly JobSpec[]): CommandBody => ({
  type: 'enqueue',
  specs,
  submissions: specs.map((_, n) => n + 1),
})
const policy = (more: Partial<Policy>): CommandBody => ({
  type: 'set_policy',
  policy: { ...defaultPolicy, ...more },
})

it('come into line with the numbers of their submissions', () => {
  const { events, results } = decided([submitted(job('a'), job('b'))])
  expect(
    events.flatMap((event) => (event.type === 'queued' ? [[event.jobId, event.submission]] : [])),
  ).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  expect(results[0]).toMatchObject({ ok: true, known: [], held: [] })
})

it('are known when they are live with the same body, and wait behind another one of their id', () => {
  const { events, results } = decided([
    { type: 'enqueue', specs: [job('a'), job('b')] },
    submitted(job('a'), job('b', { priority: 1 }), job('c')),
  ])
  expect(results[1]).toMatchObject({ ok: true, known: ['a'], held: [{ jobId: 'b', code: 'job_exists' }] })
  expect(events.filter(({ type }) => type === 'queued')).toHaveLength(3)
})

it('wait until the policy allows them; limits on how many wait do not hold', () => {
  const { results, events } = decided([
    policy({
      models: { m: {} },
      emptySet: 'reject',
      fairShare: { ...defaultPolicy.fairShare, maxWaiting: 1 } as never,
    }),
    submitted(
      job('a', { fairKey: 'k' }),
      job('b', { fairKey: 'k' }),
      job('odd', { models: ['x'] }),
      job('none', { models: [] }),
    ),
  ])
  expect(results[1]).toMatchObject({
    ...{ ok: true, known: [] },
    held: [
      { jobId: 'odd', code: 'unknown_model' },
      { jobId: 'none', code: 'models_required' },
    ],
  })
  expect(events.flatMap((event) => (event.type === 'queued' ? [event.jobId] : []))).toEqual(['a', 'b'])
})
