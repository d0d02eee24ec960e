import { describe, expect, it } from 'vitest'
import { CoordinatorActor, coordinatorMachine } from '../../../machines/index.ts'
import { type Event, eventTypes, type RecordedEvent } from '../../../src/engine/core/index.ts'
import {
  debounced,
  doubled,
  failed,
  leaseExpired,
  linked,
  manyAtOnce,
  moved,
  queued,
  requeued,
  scheduleSet,
  started,
  story,
  waits,
  withParent,
} from './story.ts'

/** In every situation: `w` waits, `l` is not due for long, `r` returns to the line, `d` becomes due; `k` comes after `w`, and `s` and `f` after one that has ended. */
const scene: readonly Event[] = [
  manyAtOnce,
  queued('w', 'whisper', { expireMs: 1 }),
  queued('l', 'llama', { runAt: 1_000_000 }),
  queued('r', 'rembg'),
  started('r', 'rembg'),
  failed('r', 5, false),
  queued('d', 'demucs', { runAt: 7_500 }),
  { type: 'model_paused', model: 'pix', reason: 'by_hand', until: null },
  scheduleSet('nightly'),
  scheduleSet('weekly'),
  { type: 'schedule_paused', schedule: 'weekly' },
  { type: 'worker_serves', workerId: 'w9', places: ['host1:*'] },
  ...[queued('k', 'kokoro', { after: 1 }), linked('k', ['w'])],
  ...[queued('s', 'sd', { after: 1 }), linked('s', ['gone'], 'completed')],
  ...[queued('f', 'flux', { after: 1 }), linked('f', ['gone'], 'failed')],
]
/** `a` starts with sequence number 20: that is its token. */
const a = [queued('a', 'animate'), started('a', 'animate')]
const b = [queued('b', 'bark'), started('b', 'bark')]
const drain: Event = { type: 'drain_requested' }

const situations = {
  idle: scene,
  'running, one active': [...scene, ...a],
  'running, two active': [...scene, ...a, ...b],
  'emptying, one active': [...scene, ...a, drain],
  'emptying, none active': [...scene, drain],
  drained: [...scene, drain, { type: 'drained' }],
} satisfies Record<string, readonly Event[]>

const token = 20
const stays = ['idle', 'running', 'running', 'emptying', 'emptying', 'drained']
const endsA = ['-', 'idle', 'running', 'emptying', '-', '-']
const never = ['-', '-', '-', '-', '-', '-']

/** `nightly` is due at 1 s. */
const fired = (schedule: string, due = 1_000_000): Event => {
  const jobId = `${schedule}@${new Date(due / 1_000).toISOString()}`
  return { ...queued(jobId, 'sora', { schedule }), due, next: due + 1_000_000 } as Event
}
const skipped = (due: number, next: number): Event => ({
  type: 'schedule_skipped',
  schedule: 'nightly',
  due,
  next,
  reason: 'missed',
})

/** Event by situation: the state it leads to, or `-`: refused. */
const table: readonly (readonly [string, Event, readonly string[]])[] = [
  ['queued', queued('n'), stays],
  ['queued, live already', queued('w'), never],
  ['started', started('w', 'whisper'), ['running', 'running', 'running', '-', '-', '-']],
  ['started, another attempt', started('w', 'whisper', 2), never],
  ['started, other models', started('w', 'llama'), never],
  ['started, not due', started('l', 'llama'), never],
  ['completed', { type: 'completed', jobId: 'a', token }, endsA],
  ['completed, wrong token', { type: 'completed', jobId: 'a', token: 8 }, never],
  ['completed, not active', { type: 'completed', jobId: 'w', token }, never],
  ['failed', failed('a', token, true), endsA],
  ['failed, not final', failed('a', token, false), endsA],
  ['failed, wrong token', failed('a', 1, true), never],
  ['lease_expired', leaseExpired('a', token, true), endsA],
  ['lease_expired, another worker', { ...leaseExpired('a', token, true), workerId: 'w2' }, never],
  ['lease_expired, not final', leaseExpired('a', token, false), endsA],
  ['cancelled, active', { type: 'cancelled', jobId: 'a', token }, endsA],
  ['cancelled, waiting', { type: 'cancelled', jobId: 'w', token: null }, stays],
  ['cancelled, active but without a token', { type: 'cancelled', jobId: 'a', token: null }, never],
  ['cancelled, waiting but with a token', { type: 'cancelled', jobId: 'w', token }, never],
  [
    'cancel_requested',
    { type: 'cancel_requested', jobId: 'a' },
    ['-', 'running', 'running', 'emptying', '-', '-'],
  ],
  [
    'detached',
    { type: 'detached', jobId: 'a', token, until: 1_000_000 },
    ['-', 'running', 'running', 'emptying', '-', '-'],
  ],
  [
    'model_released',
    { type: 'model_released', jobId: 'a', token, model: 'animate' },
    ['-', 'running', 'running', 'emptying', '-', '-'],
  ],
  ['model_released, wrong token', { type: 'model_released', jobId: 'a', token: 8, model: 'animate' }, never],
  ['detached, wrong token', { type: 'detached', jobId: 'a', token: 8, until: 1_000_000 }, never],
  ['cancel_requested, waiting', { type: 'cancel_requested', jobId: 'w' }, never],
  ['blocked', waits('blocked', 'w'), stays],
  ['conflict', waits('conflict', 'w'), stays],
  ['conflict, not live', waits('conflict', 'x'), never],
  ['expired, too early', { type: 'expired', jobId: 'l' }, never],
  ['expired', { type: 'expired', jobId: 'w' }, stays],
  ['requeued', requeued('r'), stays],
  ['requeued, waiting already', requeued('w'), never],
  ['due', { type: 'due', jobId: 'd' }, stays],
  ['due, too early', { type: 'due', jobId: 'l' }, never],
  ['asked', { type: 'asked', jobId: 'w', asker: 'w1' }, stays],
  ['reprioritized', moved('w'), stays],
  ['bypassed', { type: 'bypassed', jobId: 'x', jobType: 'normal' }, stays],
  ['deduplicated', doubled('x'), stays],
  ['deduplicated, live', doubled('w'), never],
  ['debounced', debounced('w'), stays],
  ['debounced, not live', debounced('x'), never],
  ['linked', linked('k', ['l']), stays],
  ['linked, to the same job again', linked('k', ['w']), never],
  ['linked, to a job that is not live', linked('k', ['gone']), never],
  ['linked, in line', linked('w', ['l']), never],
  ['released', { type: 'released', jobId: 's', runAt: null }, stays],
  ['released, too early', { type: 'released', jobId: 'k', runAt: null }, never],
  ['released, though one has failed', { type: 'released', jobId: 'f', runAt: null }, never],
  ['failed with a parent', withParent('f', 'gone'), stays],
  ['failed with a parent that did not', withParent('k', 'w'), never],
  ['failed with another parent', withParent('f', 'w'), never],
  ['end_propagated, of none', { type: 'end_propagated', parent: 'w' }, never],
  ['voided', { type: 'voided', of: 1 }, stays],
  ['policy_changed', manyAtOnce, stays],
  ['model_paused', { type: 'model_paused', model: 'm', reason: 'by_hand', until: null }, stays],
  ['model_resumed', { type: 'model_resumed', model: 'pix' }, stays],
  ['model_resumed, not paused', { type: 'model_resumed', model: 'm' }, never],
  ['queued by its schedule', fired('nightly'), stays],
  ['queued by its schedule, which is paused', fired('weekly'), never],
  ['queued by its schedule, at another due time', fired('nightly', 2_000_000), never],
  ['queued by its schedule, under another id', { ...fired('nightly'), jobId: 'n' } as Event, never],
  ['schedule_set', scheduleSet('hourly'), stays],
  ['schedule_set, of another owner', { ...scheduleSet('nightly'), owner: 'reports' } as Event, never],
  ['schedule_removed', { type: 'schedule_removed', schedule: 'weekly' }, stays],
  ['schedule_removed, not there', { type: 'schedule_removed', schedule: 'hourly' }, never],
  ['schedule_paused', { type: 'schedule_paused', schedule: 'nightly' }, stays],
  ['schedule_paused, paused already', { type: 'schedule_paused', schedule: 'weekly' }, never],
  ['schedule_resumed', { type: 'schedule_resumed', schedule: 'weekly', next: 1_000_000 }, stays],
  ['schedule_resumed, not paused', { type: 'schedule_resumed', schedule: 'nightly', next: null }, never],
  ['schedule_skipped', skipped(1_000_000, 2_000_000), stays],
  ['schedule_skipped, at another due time', skipped(2_000_000, 3_000_000), never],
  ['schedule_skipped, backwards', skipped(1_000_000, 1_000_000), never],
  ['worker_serves', { type: 'worker_serves', workerId: 'w9', places: [] }, stays],
  ['worker_gone', { type: 'worker_gone', workerId: 'w9' }, stays],
  ['worker_gone, which had said nothing', { type: 'worker_gone', workerId: 'w8' }, never],
  ['epoch_changed', { type: 'epoch_changed', epoch: 2 }, stays],
  ['epoch_changed, not forward', { type: 'epoch_changed', epoch: 1 }, never],
  ['drain_requested', drain, ['emptying', 'emptying', 'emptying', '-', '-', '-']],
  ['drained', { type: 'drained' }, ['-', '-', '-', '-', 'drained', '-']],
  ['resumed', { type: 'resumed' }, ['-', '-', '-', 'running', 'idle', 'idle']],
]

const cases = table.flatMap(([name, event, states]) =>
  Object.keys(situations).map((situation, i) => [name, situation, states[i] ?? '', event] as const),
)

function actorIn(situation: string): CoordinatorActor {
  const actor = new CoordinatorActor()
  for (const event of story(situations[situation as keyof typeof situations])) actor.feed(event)
  return actor
}

function next(actor: CoordinatorActor, event: Event): RecordedEvent {
  const [recorded] = story([event], actor.ledger.version + 1)
  if (recorded === undefined) throw new Error('nothing was recorded')
  return recorded
}

const nameOf = ({ snapshot: { value } }: CoordinatorActor): string =>
  typeof value === 'string' ? value : value.draining

describe('the machine of a queue (coordinatorMachine)', () => {
  it.each(cases)('%s, when %s: %s', (_, situation, state, event) => {
    const actor = actorIn(situation)
    const recorded = next(actor, event)
    const before = actor.snapshot
    if (state !== '-') {
      actor.feed(recorded)
      expect(nameOf(actor)).toBe(state)
      return
    }
    expect(() => actor.feed(recorded)).toThrow(
      `event ${recorded.seq} (${recorded.type}) cannot have happened`,
    )
    expect(actor.snapshot).toBe(before)
  })

  it('has an arrow for every type of event, and the table above a row', () => {
    expect([...coordinatorMachine.events].sort()).toEqual([...eventTypes].sort())
    expect([...new Set(table.map(([, { type }]) => type))].sort()).toEqual([...eventTypes].sort())
  })
})
