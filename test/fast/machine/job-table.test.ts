import { describe, expect, it } from 'vitest'
import { getNextSnapshot } from 'xstate'
import { jobMachine } from '../../../machines/index.ts'
import type { Event } from '../../../src/engine/core/index.ts'
import { isOfJob, jobAfter, jobStateName } from './job-life.ts'
import {
  debounced,
  doubled,
  failed,
  leaseExpired,
  linked,
  moved,
  queued,
  requeued,
  started,
  story,
  waits,
  withParent,
} from './story.ts'

const comes = queued('j', undefined, { expireMs: 1 })
const starts = started('j')
const asksToStop: Event = { type: 'cancel_requested', jobId: 'j' }
const detaches: Event = { type: 'detached', jobId: 'j', token: 2, until: 1_000_000 }
const gives: Event = { type: 'model_released', jobId: 'j', token: 2, model: 'flux-dev' }
const bypasses: Event = { type: 'bypassed', jobId: 'j', jobType: 'normal' }
/** `started` is always the second event, so its sequence number is 2. */
const token = 2

const situations = {
  absent: [],
  for_parents: [queued('j', undefined, { after: 1 })],
  not_due: [queued('j', undefined, { runAt: 1_000_000 })],
  in_line: [comes],
  returning: [comes, starts, failed('j', token, false)],
  running: [comes, starts],
  cancelling: [comes, starts, asksToStop],
  detached: [comes, starts, detaches],
  completed: [comes, starts, { type: 'completed', jobId: 'j', token }],
  failed: [comes, starts, failed('j', token, true)],
  cancelled: [comes, { type: 'cancelled', jobId: 'j', token: null }],
  expired: [comes, { type: 'expired', jobId: 'j' }],
  bypassed: [bypasses],
  deduplicated: [doubled('j')],
} satisfies Record<string, readonly Event[]>

const never = {}
const whileWaiting = {
  for_parents: 'for_parents',
  not_due: 'not_due',
  in_line: 'in_line',
  returning: 'returning',
}
const whileLeased = (state: string) => ({ running: state, cancelling: state })
const whileActive = (state: string) => ({ ...whileLeased(state), detached: state })
const whileNotLive = (state: string) => ({
  absent: state,
  completed: state,
  failed: state,
  cancelled: state,
  expired: state,
  bypassed: state,
  deduplicated: state,
})

/** Event, and the states that accept it with the state that each leads to; all others refuse. */
const table: readonly (readonly [string, Event, Readonly<Record<string, string>>])[] = [
  ['queued', comes, whileNotLive('in_line')],
  ['queued for later', queued('j', undefined, { runAt: 9_000_000 }), whileNotLive('not_due')],
  ['queued, time has passed', queued('j', undefined, { runAt: 1 }), whileNotLive('in_line')],
  [
    'queued after others',
    queued('j', undefined, { after: 1, runAt: 9_000_000 }),
    whileNotLive('for_parents'),
  ],
  ['linked', linked('j', ['p']), { for_parents: 'for_parents' }],
  ['released', { type: 'released', jobId: 'j', runAt: null }, { for_parents: 'in_line' }],
  ['released for later', { type: 'released', jobId: 'j', runAt: 9_000_000 }, { for_parents: 'not_due' }],
  ['failed with a parent', withParent('j', 'p'), { for_parents: 'failed' }],
  ['bypassed', bypasses, whileNotLive('bypassed')],
  ['deduplicated', doubled('j'), whileNotLive('deduplicated')],
  ['debounced', debounced('j'), { not_due: 'not_due', in_line: 'in_line' }],
  ['debounced for later', debounced('j', 9_000_000), { not_due: 'not_due', in_line: 'not_due' }],
  ['blocked', waits('blocked', 'j'), whileWaiting],
  ['conflict', waits('conflict', 'j'), whileWaiting],
  ['asked', { type: 'asked', jobId: 'j', asker: 'w1' }, whileWaiting],
  ['reprioritized', moved('j'), whileWaiting],
  ['due', { type: 'due', jobId: 'j' }, { not_due: 'in_line' }],
  ['started', starts, { in_line: 'running' }],
  ['requeued', requeued('j'), { returning: 'in_line' }],
  ['requeued for later', requeued('j', 9_000_000), { returning: 'not_due' }],
  [
    'expired',
    { type: 'expired', jobId: 'j' },
    { for_parents: 'expired', not_due: 'expired', in_line: 'expired', returning: 'expired' },
  ],
  [
    'cancelled without a token',
    { type: 'cancelled', jobId: 'j', token: null },
    { for_parents: 'cancelled', not_due: 'cancelled', in_line: 'cancelled', returning: 'cancelled' },
  ],
  ['cancelled', { type: 'cancelled', jobId: 'j', token }, whileActive('cancelled')],
  ['cancelled, wrong token', { type: 'cancelled', jobId: 'j', token: 1 }, never],
  ['cancel_requested', asksToStop, { ...whileLeased('cancelling'), detached: 'detached' }],
  ['detached', detaches, whileActive('detached')],
  ['detached, wrong token', { ...detaches, token: 1 }, never],
  ['model_released', gives, { running: 'running', cancelling: 'cancelling', detached: 'detached' }],
  ['model_released, wrong token', { ...gives, token: 1 }, never],
  ['completed', { type: 'completed', jobId: 'j', token }, whileActive('completed')],
  ['completed, wrong token', { type: 'completed', jobId: 'j', token: 1 }, never],
  ['failed', failed('j', token, true), whileActive('failed')],
  ['failed, not final', failed('j', token, false), whileActive('returning')],
  ['failed, wrong token', failed('j', 1, true), never],
  ['failed, wrong token, not final', failed('j', 1, false), never],
  ['lease_expired', leaseExpired('j', token, true), { running: 'failed', cancelling: 'cancelled' }],
  ['lease_expired, not final', leaseExpired('j', token, false), whileLeased('returning')],
  ['lease_expired, wrong token', leaseExpired('j', 1, true), never],
]

const jobAfterStory = (events: readonly Event[]) => jobAfter(story(events).filter(isOfJob))

const cases = table.flatMap(([name, event, leadsTo]) =>
  Object.entries(situations).map(
    ([state, events]) => [name, state, leadsTo[state] ?? '-', events, event] as const,
  ),
)

describe('the machine of a job (jobMachine)', () => {
  it.each(Object.entries(situations))('is %s', (state, events) => {
    expect(jobStateName(jobAfterStory(events))).toBe(state)
  })

  it.each(cases)('%s, when %s: %s', (_, __, state, events, event) => {
    const before = jobAfterStory(events)
    const [next] = story([event], events.length + 1).filter(isOfJob)
    if (next === undefined) throw new Error('not an event of a job')
    expect(before.can(next)).toBe(state !== '-')
    if (state !== '-') expect(jobStateName(getNextSnapshot(jobMachine, before, next))).toBe(state)
  })

  it('has an arrow for every event that names a job, and the table above a row', () => {
    const types = [...new Set(table.map(([, { type }]) => type))]
    expect(types.sort()).toEqual([...jobMachine.events].sort())
  })
})
