import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandResult } from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { PATIENCE } from '../../support/runs.ts'
import { play, type Turn } from '../../support/simulate.ts'
import { isStartable, reserves } from './oracle/admission.ts'
import { type Entry, queueOf, shareModel } from './oracle/queue.ts'

/** A law that is never put to the test holds for nothing: what the other properties speak of does happen. */
describe('generated runs', () => {
  it(
    'lead to every kind of event, refusal, reason and predicament',
    () => {
      const met = new Map<string, number>()
      const runs = fc.sample(arbitraryRun({ maxLength: 150 }), { numRuns: 300, seed: 4 })
      for (const turn of runs.flatMap(play))
        for (const what of metIn(turn)) met.set(what, (met.get(what) ?? 0) + 1)
      const rare = wanted.filter((what) => (met.get(what) ?? 0) < 5)
      expect(rare).toEqual([])
    },
    PATIENCE,
  )
})

const wanted = [
  ...['queued', 'started', 'completed', 'blocked', 'conflict', 'failed', 'cancel_requested', 'cancelled'],
  ...[
    'detached',
    'an attempt that timed out',
    'expired',
    'lease_expired',
    'requeued',
    'due',
    'asked',
    'bypassed',
    'reprioritized',
    'deduplicated',
    'debounced',
    'policy_changed',
    'model_paused',
    'model_resumed',
    'model_released',
  ],
  ...['drain_requested', 'drained', 'resumed'],
  ...['job_exists', 'job_not_live', 'job_not_active', 'stale_token', 'not_holder', 'models_required'],
  'unknown_model',
  ...['linked', 'released', 'a failure with a parent', 'parent_unknown', 'flow_cycle', 'waits_for_parents'],
  ...[
    'draining',
    'not_due',
    'model_paused',
    'rate_limited',
    'fair_share_limit',
    'model_in_use',
    'behind_in_line',
    'serialized',
    'at_capacity',
  ],
  ...[
    'a start for an asker',
    'an offer',
    'an offer that ends',
    'an offer that ran out',
    'a job that reserves',
  ],
  ...['a batch of several', 'two batches on a model', 'a batch that goes on without its first job'],
  ...['a job that runs alone', 'four at once on a model', 'seven models at once', 'a command of the dead'],
]

function metIn(turn: Turn): readonly string[] {
  const { decision, command, surroundings, before } = turn
  const [result] = decision.results as [CommandResult]
  const events = decision.events.flatMap((event) => [
    event.type,
    ...(event.type === 'failed' && event.code === 'timed_out' ? ['an attempt that timed out'] : []),
    ...(event.type === 'failed' && event.token === null ? ['a failure with a parent'] : []),
    ...(event.offers ?? []).map(() => 'an offer'),
  ])
  const told = result.ok ? result.waiting.map((job) => job.code) : [result.code]
  const forOthers = decision.events.some(
    (event) => event.type === 'started' && event.workerId !== command.workerId,
  )
  const dead = surroundings.deadWorkers.has(command.workerId)
  const offers = before.offered.size > decision.ledger.offered.size && !events.includes('started')
  return [
    ...new Set([...events, ...told]),
    ...(forOthers ? ['a start for an asker'] : []),
    ...(dead ? ['a command of the dead'] : []),
    ...(offers ? ['an offer that ends'] : []),
    ...predicamentsOf(turn),
  ]
}

function predicamentsOf({ decision, surroundings: { now } }: Turn): readonly string[] {
  const queue = queueOf(decision.ledger)
  const { policy, jobs } = queue
  const batches = Map.groupBy(
    jobs.filter(({ batch }) => batch !== null),
    ({ batch }) => batch ?? 0,
  )
  const lapsed = (offeredAt: number | null) => offeredAt !== null && offeredAt + policy.offerMs * 1_000 <= now
  const has = {
    'an offer that ran out': jobs.some((job) => lapsed(job.offeredAt) && isStartable(queue, job, now)),
    'a job that reserves': jobs.some((job) => !job.active && job.overtaken > 0 && reserves(queue, job)),
    'a job that runs alone': jobs.some((job) => job.active && job.exclusive),
    'four at once on a model': [...decision.ledger.models].some((model) => model.holders.size === 4),
    'a batch of several': [...batches.values()].some((members) => members.length > 1),
    'two batches on a model': [...batches.keys()].some((one) =>
      [...batches.keys()].some((other) => one !== other && shareAny(batches.get(one), batches.get(other))),
    ),
    'a batch that goes on without its first job': [...batches].some(([batch, members]) =>
      members.every(({ token }) => token !== batch),
    ),
    'seven models at once': jobs.some((job) => job.active && job.spec.models.length === 7),
  }
  return Object.entries(has).flatMap(([what, holds]) => (holds ? [what] : []))
}

const shareAny = (one: readonly Entry[] = [], other: readonly Entry[] = []): boolean =>
  one.some((job) => other.some((beside) => shareModel(job, beside)))
