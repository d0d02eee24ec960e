import { describe, expect, it } from 'vitest'
import { getShortestPaths } from 'xstate/graph'
import {
  CoordinatorActor,
  type CoordinatorSnapshot,
  check,
  coordinatorMachine,
  jobMachine,
  ledgerSnapshot,
} from '../../../machines/index.ts'
import {
  type Event,
  emptyLedger,
  evolve,
  fold,
  type Job,
  jobOf,
  type Ledger,
  projectionOf,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { isOfJob, type JobSnapshot, jobStateOn, liveStateName } from './job-life.ts'
import { failed, leaseExpired, manyAtOnce, queued, requeued, specOf, started, story } from './story.ts'

const jobIds = ['a', 'b'] as const

/** What may happen to this job: everything the law knows, whether or not it is allowed now. */
function eventsOf(jobId: string, token: number, attempt: number): readonly Event[] {
  return [
    queued(jobId, jobId, { expireMs: 1 }),
    started(jobId, jobId, attempt),
    { type: 'completed', jobId, token },
    failed(jobId, token, true),
    failed(jobId, token, false),
    leaseExpired(jobId, token, true),
    leaseExpired(jobId, token, false),
    requeued(jobId),
    requeued(jobId, Number.MAX_SAFE_INTEGER),
    { type: 'detached', jobId, token, until: Number.MAX_SAFE_INTEGER },
    { type: 'model_released', jobId, token, model: jobId },
    { type: 'cancel_requested', jobId },
    { type: 'cancelled', jobId, token: token },
    { type: 'cancelled', jobId, token: null },
    { type: 'expired', jobId },
  ]
}

const ofQueue: readonly Event[] = [
  manyAtOnce,
  { type: 'drain_requested' },
  { type: 'drained' },
  { type: 'resumed' },
]

function nextEvents(ledger: Ledger): readonly RecordedEvent[] {
  const ofJobs = jobIds.flatMap((jobId) => {
    const { token = 0, attempt = 0 } = jobOf(ledger, jobId) ?? {}
    return eventsOf(jobId, token, attempt + 1)
  })
  return [...ofQueue, ...ofJobs].flatMap((event) => story([event], ledger.version + 1))
}

function isAccepted(snapshot: CoordinatorSnapshot, event: RecordedEvent): boolean {
  try {
    check(snapshot, event)
    return true
  } catch {
    return false
  }
}

/** Which jobs there are and how far they are; tokens and times aside, so that there are not infinitely many. */
function keyOf({ value, context: { ledger } }: CoordinatorSnapshot): string {
  const jobs = jobIds.map((jobId) => jobStateOn(ledger, jobId))
  return JSON.stringify([value, ledger.policy.maxActive, ...jobs])
}

const paths = getShortestPaths(coordinatorMachine, {
  events: (snapshot) => nextEvents(snapshot.context.ledger),
  filterEvents: isAccepted,
  serializeState: keyOf,
})

/** The events of a path, with the sequence numbers and tokens of the way it takes. */
function logOf(path: (typeof paths)[number]): readonly RecordedEvent[] {
  const log: RecordedEvent[] = []
  let ledger = emptyLedger
  for (const { event } of path.steps) {
    if (!('seq' in event)) continue
    const [recorded] = story([retold(event, ledger)], ledger.version + 1)
    if (recorded === undefined) continue
    log.push(recorded)
    ledger = evolve(ledger, recorded)
  }
  return log
}

function retold(event: RecordedEvent, ledger: Ledger): Event {
  if (event.type === 'started') return { ...event, attempt: (jobOf(ledger, event.jobId)?.attempt ?? 0) + 1 }
  if (!('token' in event) || event.token === null) return event
  return { ...event, token: tokenOf(jobOf(ledger, event.jobId)) }
}

const tokenOf = (job: Job | undefined): number => job?.token ?? 0

const lengthTo = (isThere: (snapshot: CoordinatorSnapshot) => boolean): number =>
  Math.min(...paths.filter(({ state }) => isThere(state)).map(({ steps }) => steps.length - 1))

describe('the shortest paths of a queue with two jobs', () => {
  it('reach every state, by as few events as can be', () => {
    expect(lengthTo((s) => s.matches('idle'))).toBe(0)
    expect(lengthTo((s) => s.matches('running'))).toBe(2)
    expect(lengthTo((s) => s.matches({ draining: 'emptying' }))).toBe(1)
    expect(lengthTo((s) => s.matches({ draining: 'drained' }))).toBe(2)
    expect(lengthTo(({ context }) => context.ledger.active.size === 2)).toBe(5)
  })

  it('lead the fold to where they lead the machine', () => {
    expect(paths.length).toBeGreaterThan(100)
    for (const path of paths) {
      const log = logOf(path)
      const { ledger } = fold(emptyLedger, log)
      expect(keyOf(ledgerSnapshot(ledger))).toBe(keyOf(path.state))
      const actor = new CoordinatorActor()
      for (const event of log) actor.feed(event)
      expect(actor.snapshot.value).toEqual(path.state.value)
      expect(projectionOf(actor.ledger)).toEqual(projectionOf(ledger))
    }
  })
})

describe('the shortest paths of a job', () => {
  const paths = getShortestPaths(jobMachine, {
    events: ({ context }) =>
      [
        ...eventsOf('a', context.token ?? 0, context.attempt + 1),
        { type: 'queued', jobId: 'a', spec: specOf('a', 'a', { runAt: (context.seq + 2) * 1_000 }) } as const,
        { type: 'due', jobId: 'a' } as const,
        queued('a', 'a', { after: 1 }),
        { type: 'bypassed', jobId: 'a', jobType: 'normal' } as const,
      ].flatMap((event) => story([event], context.seq + 1).filter(isOfJob)),
    filterEvents: (snapshot, event) => snapshot.can(event),
    serializeState: ({ value }) => JSON.stringify(value),
  })

  it('reach every state', () => {
    const reached = paths.map(({ state }) => JSON.stringify(state.value))
    expect(reached.sort()).toEqual(
      [
        'absent',
        { waiting: 'in_line' },
        { waiting: 'for_parents' },
        { waiting: 'not_due' },
        { waiting: 'returning' },
        { active: 'running' },
        { active: 'cancelling' },
        { active: 'detached' },
        { ended: 'completed' },
        { ended: 'failed' },
        { ended: 'cancelled' },
        { ended: 'expired' },
        'bypassed',
      ]
        .map((value) => JSON.stringify(value))
        .sort(),
    )
  })

  it.each(paths.map((path) => [JSON.stringify(path.state.value), path] as const))(
    'lead the fold to %s as well',
    (_, path) => {
      const log = path.steps.flatMap(({ event }) => ('seq' in event ? [event] : []))
      const { ledger } = fold(emptyLedger, log)
      expect(jobStateOn(ledger, 'a')).toBe(liveStateName(path.state as JobSnapshot))
    },
  )
})
