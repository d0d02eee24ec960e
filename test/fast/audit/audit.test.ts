import { describe, expect, it } from 'vitest'
import {
  defaultPolicy,
  type Event,
  emptyLedger,
  type JobOutcome,
  type JobSpec,
  type Policy,
  type RecordedEvent,
  replay,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { Audit, Auditor, type AuditRule, audit, auditRules } from '../../../src/tools/audit/index.ts'

const spec = (jobId: string, models: readonly string[], rest: Partial<JobSpec> = {}): JobSpec => ({
  ...{ jobId, jobType: 'normal', kind: 'normal', models, ...specDefaults },
  ...rest,
})
const queued = (jobId: string, models: readonly string[], rest: Partial<JobSpec> = {}): Event => ({
  type: 'queued',
  jobId,
  spec: spec(jobId, models, rest),
})
const named = (jobId: string, models: readonly string[]): Event => ({
  type: 'queued',
  jobId,
  spec: spec(jobId, models),
  named: true,
})
const submitted = (jobId: string, submission: number): Event => ({
  ...{ type: 'queued', jobId, spec: spec(jobId, ['m']), named: true },
  submission,
})
const rowOf = (jobId: string): Event => ({
  ...{ type: 'queued', jobId, spec: spec(jobId, ['m']), named: true },
  intake: true,
})
const doubleOf = (jobId: string, submission: number): Event => ({
  ...{ type: 'deduplicated', jobId, standsFor: 'a', key: 'k', workerId: 'w' },
  submission,
})
const started = (jobId: string, models: readonly string[], attempt = 1): Event => ({
  type: 'started',
  jobId,
  workerId: 'w',
  attempt,
  models,
})
const inTurn = (jobId: string, virtualTime: number): Event => ({
  ...{ type: 'started', jobId, workerId: 'w', attempt: 1, models: ['m'] },
  virtualTime,
})
const startedAt = (jobId: string, places: Readonly<Record<string, string>>): Event => ({
  type: 'started',
  jobId,
  workerId: 'w',
  attempt: 1,
  models: Object.keys(places),
  places,
})
const startedIn = (batch: number, jobId: string, models: readonly string[], rest: object = {}): Event => ({
  ...{ type: 'started', jobId, workerId: 'w', attempt: 1, models, batch, commandId: 'batch' },
  ...rest,
})
const completed = (jobId: string, token: number): Event => ({ type: 'completed', jobId, token })
const linkedTo = (jobId: string, after: readonly string[], outcome?: JobOutcome): Event => ({
  type: 'linked',
  jobId,
  after,
  ...(outcome === undefined ? {} : { outcome }),
})
const released = (jobId: string): Event => ({ type: 'released', jobId, runAt: null })
const failedWith = (jobId: string, cause: string): Event => ({
  type: 'failed',
  jobId,
  token: null,
  code: 'parent_failed',
  final: true,
  cause,
})
const policy = (rest: Partial<Policy>): Event & { readonly type: 'policy_changed' } => ({
  type: 'policy_changed',
  policy: { ...defaultPolicy, ...rest },
})

const measured = policy({ maxActive: null, capacity: { m: ['p'] }, units: { p: { vram: 24 } } })
const onCards = policy({ maxActive: null, capacity: { m: ['p', 'q'], n: ['p'] } })

const warm = { maxPassed: 9, maxPassedSeconds: 60, minLoadedSeconds: 0, loadSeconds: {} }
const grouping = (maxPassed: number) =>
  policy({ maxActive: null, capacity: { '*': 9 }, warm: { ...warm, maxPassed } })
const keeps: Event = { type: 'worker_serves', workerId: 'w', keeps: 1 }
const warmStart = (jobId: string, models: readonly string[]): Event => ({
  ...{ type: 'started', jobId, workerId: 'w', attempt: 1, models, warm: 12 },
})

/** A job is passed twice, where it may be once, and in between its model is paused. */
const passedAgain = (stays: boolean): readonly Event[] => [
  stays ? { ...grouping(1), passesStay: true } : grouping(1),
  keeps,
  queued('a', ['m']),
  queued('b', ['n']),
  queued('c', ['n']),
  warmStart('b', ['n']),
  { type: 'model_paused', model: 'm', reason: 'maintenance', until: null },
  { type: 'model_resumed', model: 'm' },
  warmStart('c', ['n']),
]

type Step = Event & { readonly seq?: number; readonly at?: number; readonly commandId?: string }

/** A log of these events, each by a command of its own, a millisecond apart. */
const logOf = (steps: readonly Step[]): RecordedEvent[] =>
  steps.map((step, index) => ({
    seq: index + 1,
    at: 1_000_000 + index * 1_000,
    commandId: `c${index}`,
    commandHash: 0,
    ...step,
  }))

const byModel = policy({ maxActive: null })
const weighed = policy({ maxActive: null, maxOvertakes: null, weights: { '*': 1 } })
const ofL = { fairKey: 'l' }
/** One at a time, by what keys have used; the job runs. */
const runningOf = (jobId: string): readonly Step[] => [
  policy({ maxActive: 1, maxOvertakes: null, weights: { '*': 1 } }),
  queued(jobId, ['m'], { fairKey: 'k' }),
  inTurn(jobId, 0),
]
/** `x` ends, and its slot goes to a batch of `b` and `c`: it is the turn of the key of `b`. */
const together: readonly Step[] = [
  { ...completed('x', 3), commandId: 'batch' },
  startedIn(8, 'b', ['m'], { virtualTime: 0 }),
  startedIn(8, 'c', ['m']),
]
const onceQueued: Event = {
  ...named('a', ['m']),
  body: 1,
  spec: spec('a', ['m'], { once: 3_600_000 }),
} as Event

const liveKey = { key: 'k', while: 'live' } as const

/** What breaks which rule, at which event, and for which job. */
const bad: readonly (readonly [AuditRule, string, number, readonly Step[]])[] = [
  ['sequence', 'a number is missing', 3, [queued('a', ['m']), { ...started('a', ['m']), seq: 3 }]],
  ['time', 'time stands still', 2, [queued('a', ['m']), { ...started('a', ['m']), at: 1_000_000 }]],
  [
    'capacity',
    'two hold one model',
    5,
    [byModel, queued('a', ['m']), queued('b', ['n', 'm']), started('a', ['m']), started('b', ['n', 'm'])],
  ],
  [
    'capacity',
    'three hold a model with two places',
    7,
    [
      policy({ maxActive: null, capacity: { '*': 2 } }),
      ...['a', 'b', 'c'].map((id) => queued(id, ['m'])),
      ...['a', 'b', 'c'].map((id) => started(id, ['m'])),
    ],
  ],
  [
    'place',
    'two models are in one place',
    5,
    [onCards, queued('a', ['m']), queued('b', ['n']), startedAt('a', { m: 'p' }), startedAt('b', { n: 'p' })],
  ],
  [
    'place',
    'a start is in no place of its model',
    3,
    [onCards, queued('a', ['m']), startedAt('a', { m: 'r' })],
  ],
  ['place', 'a start does not say where it is', 3, [onCards, queued('a', ['m']), started('a', ['m'])]],
  [
    'place',
    'a start is in a paused place',
    4,
    [
      onCards,
      { type: 'model_paused', model: 'p', reason: 'broken', until: null },
      queued('a', ['m']),
      startedAt('a', { m: 'p' }),
    ],
  ],
  [
    'place',
    'more of a place is taken than it has',
    7,
    [
      measured,
      ...['a', 'b', 'c'].map((id) => queued(id, ['m'], { asks: { m: { vram: 10 } } })),
      ...['a', 'b', 'c'].map((id) => startedAt(id, { m: 'p' })),
    ],
  ],
  [
    'place',
    'one that asks nothing is beside another',
    5,
    [
      measured,
      queued('a', ['m'], { asks: { m: { vram: 1 } } }),
      queued('b', ['m']),
      startedAt('a', { m: 'p' }),
      startedAt('b', { m: 'p' }),
    ],
  ],
  [
    'place',
    'a start is in a place that its process does not serve',
    4,
    [
      onCards,
      { type: 'worker_serves', workerId: 'w', places: ['q*'] },
      queued('a', ['m']),
      startedAt('a', { m: 'p' }),
    ],
  ],
  [
    'place',
    'a start is in a place that nobody serves',
    4,
    [
      onCards,
      { type: 'worker_serves', workerId: 'other', places: ['q'] },
      queued('a', ['m']),
      startedAt('a', { m: 'p' }),
    ],
  ],
  ['life', 'a process is gone that had said nothing', 1, [{ type: 'worker_gone', workerId: 'w' }]],
  ['place', 'a model without places is in one', 2, [queued('a', ['m']), startedAt('a', { m: 'p' })]],
  [
    'order',
    'one that needs the same is ahead, and could have taken the place',
    5,
    [onCards, queued('a', ['m']), queued('b', ['m']), queued('c', ['n']), startedAt('b', { m: 'p' })],
  ],
  [
    'max_active',
    'two run where one may',
    4,
    [queued('a', ['m']), queued('b', ['n']), started('a', ['m']), started('b', ['n'])],
  ],
  [
    'alone',
    'a job without models runs beside another',
    5,
    [
      policy({ maxActive: null, emptySet: 'exclusive' }),
      queued('a', ['m']),
      queued('b', []),
      started('a', ['m']),
      started('b', []),
    ],
  ],
  [
    'order',
    'a later job takes the model under strict order',
    4,
    [byModel, queued('a', ['m', 'n']), queued('b', ['m']), started('b', ['m'])],
  ],
  [
    'order',
    'a job is overtaken once more than allowed',
    9,
    [
      policy({ maxActive: null, maxOvertakes: 1 }),
      queued('x', ['n']),
      started('x', ['n']),
      queued('a', ['m', 'n']),
      queued('b', ['m']),
      queued('c', ['m']),
      started('b', ['m']),
      completed('b', 7),
      started('c', ['m']),
    ],
  ],
  [
    'line_order',
    'the slot goes to the second in line',
    3,
    [queued('a', ['m']), queued('b', ['n']), started('b', ['n'])],
  ],
  [
    'line_order',
    'priority is not honoured',
    3,
    [queued('a', ['m']), queued('b', ['n'], { priority: 1 }), started('a', ['m'])],
  ],
  [
    'line_order',
    'a job joins a batch past another one, behind the first of it, that could have had its slot',
    9,
    [
      ...runningOf('x'),
      queued('b', ['m'], ofL),
      queued('d', ['n'], ofL),
      queued('c', ['m'], ofL),
      ...together,
    ],
  ],
  [
    'passed',
    'a job is passed for loaded models once more than may be',
    7,
    [
      grouping(1),
      keeps,
      queued('a', ['m']),
      queued('b', ['n']),
      queued('c', ['n']),
      warmStart('b', ['n']),
      warmStart('c', ['n']),
    ],
  ],
  [
    'passed',
    'a job is passed for loaded models for longer than may be',
    7,
    [
      grouping(9),
      keeps,
      queued('a', ['m']),
      queued('b', ['n']),
      queued('c', ['n']),
      warmStart('b', ['n']),
      { ...warmStart('c', ['n']), at: 90_000_000 },
    ],
  ],
  [
    'passed',
    'a job is passed for loaded models once more than may be, and its model was paused meanwhile',
    9,
    passedAgain(true),
  ],
  [
    'passed',
    'a process passes others that keeps nothing loaded',
    4,
    [grouping(9), queued('a', ['m']), queued('b', ['n']), warmStart('b', ['n'])],
  ],
  [
    'passed',
    'a job of a higher priority is passed for loaded models',
    5,
    [
      policy({ maxActive: null, ageSeconds: null, warm }),
      keeps,
      queued('a', ['m'], { priority: 1 }),
      queued('b', ['n']),
      warmStart('b', ['n']),
    ],
  ],
  [
    'order',
    'a model is taken for the sake of what is loaded from a job that could not be taken',
    7,
    [
      policy({ maxActive: null, warm }),
      keeps,
      queued('x', ['n']),
      started('x', ['n']),
      queued('a', ['m', 'n']),
      queued('b', ['m']),
      warmStart('b', ['m']),
    ],
  ],
  ['attempt', 'started twice', 3, [queued('a', ['m']), started('a', ['m']), started('a', ['m'], 2)]],
  ['attempt', 'an attempt is skipped', 2, [queued('a', ['m']), started('a', ['m'], 2)]],
  [
    'attempt',
    'more attempts than it may have',
    5,
    [
      queued('a', ['m'], { attempts: 1 }),
      started('a', ['m']),
      { type: 'failed', jobId: 'a', token: 2, code: 'handler_error', final: false, commandId: 'f' },
      { type: 'requeued', jobId: 'a', reason: 'retry', runAt: null, commandId: 'f' },
      started('a', ['m'], 2),
    ],
  ],
  [
    'attempt',
    'never requeued',
    3,
    [
      queued('a', ['m']),
      started('a', ['m']),
      { type: 'failed', jobId: 'a', token: 2, code: 'handler_error', final: false },
      queued('b', ['n']),
    ],
  ],
  ['token', 'an end shows another token', 3, [queued('a', ['m']), started('a', ['m']), completed('a', 1)]],
  [
    'token',
    'an attempt ends twice',
    4,
    [queued('a', ['m']), started('a', ['m']), completed('a', 2), completed('a', 2)],
  ],
  ['life', 'queued while it lives', 2, [queued('a', ['m']), queued('a', ['m'])]],
  ['life', 'started with other models', 2, [queued('a', ['m']), started('a', ['n'])]],
  [
    'revival',
    'an ended job is in line again, and nobody named it',
    4,
    [named('a', ['m']), started('a', ['m']), completed('a', 2), queued('a', ['m'])],
  ],
  [
    'once',
    'enqueued a second time within its hour',
    4,
    [onceQueued, started('a', ['m']), completed('a', 2), onceQueued],
  ],
  [
    'dedupe',
    'came in while another one had its key',
    2,
    [queued('b', ['m'], { dedupe: liveKey }), queued('a', ['m'], { dedupe: liveKey })],
  ],
  [
    'batch',
    'starts in a batch whose set was not held',
    5,
    [
      policy({ maxActive: null }),
      queued('a', ['m']),
      queued('b', ['n']),
      startedIn(4, 'a', ['m']),
      startedIn(4, 'b', ['n']),
    ],
  ],
  [
    'batch',
    'starts in a batch that has ended',
    6,
    [
      queued('a', ['m']),
      queued('b', ['m']),
      startedIn(3, 'a', ['m']),
      completed('a', 3),
      queued('c', ['n']),
      startedIn(3, 'b', ['m']),
    ],
  ],
  [
    'batch',
    'starts in a batch that began before',
    4,
    [
      queued('a', ['m']),
      queued('b', ['m']),
      startedIn(3, 'a', ['m']),
      startedIn(3, 'b', ['m'], { commandId: 'later' }),
    ],
  ],
  [
    'batch',
    'starts in a batch of another process',
    4,
    [
      queued('a', ['m']),
      queued('b', ['m']),
      startedIn(3, 'a', ['m']),
      startedIn(3, 'b', ['m'], { workerId: 'other' }),
    ],
  ],
  [
    'batch',
    'starts in a batch that is in another place',
    5,
    [
      policy({ maxActive: null, capacity: { m: ['p', 'q'] } }),
      queued('a', ['m']),
      queued('b', ['m']),
      startedIn(4, 'a', ['m'], { places: { m: 'p' } }),
      startedIn(4, 'b', ['m'], { places: { m: 'q' } }),
    ],
  ],
  [
    'place',
    'starts where a batch still is, although the first of it has ended',
    8,
    [
      policy({ maxActive: null, capacity: { m: ['p', 'q'] } }),
      queued('a', ['m']),
      queued('b', ['m']),
      queued('c', ['m']),
      startedIn(5, 'a', ['m'], { places: { m: 'p' } }),
      startedIn(5, 'b', ['m'], { places: { m: 'p' } }),
      completed('a', 5),
      startedAt('c', { m: 'p' }),
    ],
  ],
  [
    'place',
    'asks for more than a batch leaves, although the one that joined it last has ended',
    8,
    [
      policy({ maxActive: null, capacity: { m: ['p'] }, units: { p: { u: 4 } } }),
      ...['a', 'b'].map((jobId) => queued(jobId, ['m'], { asks: { m: { u: 3 } } })),
      queued('c', ['m'], { asks: { m: { u: 2 } } }),
      ...['a', 'b'].map((jobId) => startedIn(5, jobId, ['m'], { places: { m: 'p' } })),
      completed('b', 6),
      startedAt('c', { m: 'p' }),
    ],
  ],
  [
    'batch',
    'starts in a batch of another kind',
    4,
    [
      queued('a', ['m']),
      queued('b', ['m'], { kind: 'other' }),
      startedIn(3, 'a', ['m']),
      startedIn(3, 'b', ['m']),
    ],
  ],
  [
    'batch',
    'starts in a batch although it takes all of a model',
    5,
    [
      policy({ maxActive: null, capacity: { m: 2 } }),
      queued('a', ['m']),
      queued('b', ['m'], { whole: ['m'] }),
      startedIn(4, 'a', ['m']),
      startedIn(4, 'b', ['m']),
    ],
  ],
  [
    'batch',
    'starts in a batch although it had failed before',
    7,
    [
      queued('a', ['m']),
      queued('b', ['m']),
      started('a', ['m']),
      { type: 'failed', jobId: 'a', token: 3, code: 'handler_error', final: false, commandId: 'end' },
      { type: 'requeued', jobId: 'a', reason: 'retry', runAt: null, commandId: 'end' },
      queued('c', ['n']),
      startedIn(7, 'a', ['m'], { attempt: 2 }),
    ],
  ],
  [
    'capacity',
    'starts in a batch of its own while its model is held',
    5,
    [
      policy({ maxActive: null }),
      queued('a', ['m']),
      queued('b', ['m']),
      started('a', ['m']),
      startedIn(5, 'b', ['m']),
    ],
  ],
  [
    'parents',
    'started before the job that it comes after had ended',
    4,
    [queued('a', ['m']), queued('b', ['n'], { after: 1 }), linkedTo('b', ['a']), started('b', ['n'])],
  ],
  [
    'parents',
    'released before the job that it comes after had ended',
    4,
    [queued('a', ['m']), queued('b', ['n'], { after: 1 }), linkedTo('b', ['a']), released('b')],
  ],
  [
    'parents',
    'released although the job that it comes after had failed',
    4,
    [
      policy({ maxActive: null }),
      queued('b', ['n'], { after: 1 }),
      linkedTo('b', ['a'], 'failed'),
      released('b'),
    ],
  ],
  [
    'parents',
    'failed with a job that did not fail',
    4,
    [queued('a', ['m']), queued('b', ['n'], { after: 1 }), linkedTo('b', ['a']), failedWith('b', 'a')],
  ],
  [
    'parents',
    'comes after a job that is not live',
    2,
    [queued('b', ['n'], { after: 1 }), linkedTo('b', ['a'])],
  ],
  ['not_due', 'started before its time', 2, [queued('a', ['m'], { runAt: 9_000_000 }), started('a', ['m'])]],
  [
    'paused',
    'started while its model is paused',
    4,
    [
      byModel,
      queued('a', ['m', 'n']),
      { type: 'model_paused', model: 'n', reason: 'by_hand', until: null },
      started('a', ['m', 'n']),
    ],
  ],
  [
    'rate',
    'two starts a millisecond apart, one a second',
    5,
    [
      policy({ maxActive: null, rate: { m: { starts: 1, perSeconds: 1 } }, capacity: { m: 2 } }),
      queued('a', ['m']),
      queued('b', ['m']),
      started('a', ['m']),
      started('b', ['m']),
    ],
  ],
  [
    'use',
    'more is reserved than the limit',
    5,
    [
      policy({ maxActive: null, uses: { tpm: { limit: 9, perSeconds: 1 } } }),
      queued('a', ['m'], { uses: { tpm: 5 } }),
      queued('b', ['n'], { uses: { tpm: 5 } }),
      started('a', ['m']),
      started('b', ['n']),
    ],
  ],
  [
    'fair_share',
    'two run, and one may',
    5,
    [
      policy({ maxActive: null, fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 1 } }),
      queued('a', ['m'], { fairKey: 'k' }),
      queued('b', ['n'], { fairKey: 'k' }),
      started('a', ['m']),
      started('b', ['n']),
    ],
  ],
  [
    'fair_share',
    'two wait, and one may',
    3,
    [
      policy({ maxActive: null, fairShare: { spacingSeconds: 0, maxWaiting: 1, maxActive: null } }),
      queued('a', ['m'], { fairKey: 'k' }),
      queued('b', ['n'], { fairKey: 'k' }),
    ],
  ],
  [
    'turn',
    'a start says that its key has used what it has not',
    3,
    [weighed, queued('a', ['m'], { fairKey: 'k' }), inTurn('a', 5)],
  ],
  [
    'turn',
    'a key that has used less has a job that could start',
    7,
    [
      weighed,
      queued('a', ['m'], { fairKey: 'k' }),
      queued('b', ['m'], { fairKey: 'l' }),
      inTurn('a', 0),
      completed('a', 4),
      queued('c', ['m'], { fairKey: 'k' }),
      inTurn('c', 1_000),
    ],
  ],
  [
    'intake',
    'a submission puts a job in line that was cancelled',
    3,
    [submitted('a', 7), { type: 'cancelled', jobId: 'a', token: null }, submitted('a', 7)],
  ],
  [
    'intake',
    'another job stands twice for one submission',
    4,
    [
      queued('a', ['m'], { dedupe: { key: 'k', while: 'live' } }),
      submitted('b', 1),
      doubleOf('c', 2),
      doubleOf('c', 2),
    ],
  ],
  [
    'intake',
    'a row puts a job in line twice in one append',
    3,
    [
      { ...rowOf('a'), at: 5 },
      { type: 'cancelled', jobId: 'a', token: null, at: 6 },
      { ...rowOf('a'), at: 7 },
    ],
  ],
  [
    'declared',
    'a new job needs what is not declared',
    2,
    [policy({ models: { m: {} } }), queued('a', ['m', 'n'])],
  ],
  [
    'token',
    'a lease ends a detached attempt',
    4,
    [
      queued('a', ['m']),
      started('a', ['m']),
      { type: 'detached', jobId: 'a', token: 2, until: 9_000_000 },
      { type: 'lease_expired', jobId: 'a', token: 2, workerId: 'w', final: true },
    ],
  ],
  ['schedule', 'one fires that is not there', 1, [{ type: 'schedule_paused', schedule: 'nightly' }]],
  [
    'draining',
    'started while draining',
    3,
    [queued('a', ['m']), { type: 'drain_requested' }, started('a', ['m'])],
  ],
  [
    'draining',
    'drained while a job runs',
    4,
    [queued('a', ['m']), started('a', ['m']), { type: 'drain_requested' }, { type: 'drained' }],
  ],
]

/** Rules that have to remember what was before, which no state says. */
const remembering: readonly AuditRule[] = [
  ...(['revival', 'once', 'intake', 'declared', 'passed', 'batch', 'line_order'] as const),
]

describe('interlock audit (audit, Auditor, auditRules)', () => {
  it.each(bad)('finds %s: %s', (rule, _, seq, steps) => {
    const { violations } = audit(logOf(steps))
    expect(violations.map((violation) => [violation.rule, violation.seq])).toContainEqual([rule, seq])
  })

  it.each(bad)('finds %s, or does not know it, where it begins right before: %s', (rule, _, seq, steps) => {
    const log = logOf(steps)
    const begin = log.findIndex(({ commandId }) => commandId === log[seq - 1]?.commandId)
    const before = log.slice(0, begin)
    // What the core cannot fold, nobody can begin at.
    if (before.some(({ seq: nth }, at) => nth !== at + 1)) return
    const auditor = new Auditor(replay(before))
    for (const event of log.slice(begin)) auditor.push(event)
    const found = auditor.report().violations.map((violation) => [violation.rule, violation.seq])
    if (!remembering.includes(rule)) expect(found).toContainEqual([rule, seq])
  })

  it('has a bad log for every rule', () => {
    expect(new Set(bad.map(([rule]) => rule))).toEqual(new Set(auditRules))
  })

  it('finds nothing in a good log, and counts it', () => {
    const { violations, ...counts } = audit(
      logOf([
        policy({ maxActive: 2, maxOvertakes: 1 }),
        queued('x', ['n']),
        started('x', ['n']),
        queued('a', ['m', 'n']),
        queued('b', ['m']),
        started('b', ['m']),
        completed('x', 3),
        { ...completed('b', 6), commandId: 'e' },
        { ...started('a', ['m', 'n']), commandId: 'e' },
        completed('a', 9),
      ]),
    )
    expect(violations).toEqual([])
    expect(counts).toMatchObject({
      events: 10,
      jobs: 3,
      attempts: 3,
      completed: 3,
      live: 0,
      maxConcurrent: 2,
      overruns: 0,
    })
  })

  it('lets a number of a submission come again after a restore, and a row after the log was cut', () => {
    const steps: readonly Step[] = [
      ...[submitted('a', 7), { type: 'cancelled', jobId: 'a', token: null } as const],
      ...[{ type: 'epoch_changed', epoch: 2 } as const, submitted('b', 7)],
      rowOf('row'),
      { type: 'cancelled', jobId: 'row', token: null },
      rowOf('row'),
    ]
    expect(audit(logOf(steps)).violations).toEqual([])
  })

  it('counts a place once that had units when several came to it, and no longer has', () => {
    const places = { maxActive: null, capacity: { m: ['p', 'q', 'r'] } }
    const asking = { asks: { m: { vram: 8 } } }
    const jobs = ['a', 'b', 'c']
    const read = new Audit(emptyLedger)
    for (const event of logOf([
      policy({ ...places, units: { p: { vram: 24 } } }),
      ...jobs.map((id) => queued(id, ['m'], asking)),
      ...jobs.map((id) => startedAt(id, { m: 'p' })),
      policy(places),
      queued('d', ['m']),
      startedAt('d', { m: 'q' }),
    ]))
      read.push(event)
    const { violations, overlaps } = read.statement({ queue: 'q', store: 'memory', release: 'test', now: 0 })
    expect([violations, overlaps]).toEqual([[], []])
  })

  it('blames nobody who joins a batch for those ahead of it, whose turn it was not: no slot of theirs is taken', () => {
    const waiting = [queued('w', ['n'], { fairKey: 'k' }), queued('b', ['m'], ofL), queued('c', ['m'], ofL)]
    expect(audit(logOf([...runningOf('x'), ...waiting, ...together])).violations).toEqual([])
  })

  it('counts again from nothing what passed a job that has left the line, where the policy is of a release that did', () => {
    expect(audit(logOf(passedAgain(false))).violations).toEqual([])
  })

  it('counts what passed a job from the first policy on that says that it stays, under each one after it', () => {
    const stays = { ...grouping(1), passesStay: true } as const
    const [, ...passed] = passedAgain(false)
    const said = (...steps: readonly Step[]) =>
      audit(logOf(steps)).violations.map(({ rule, seq }) => [rule, seq])
    expect(said(grouping(1), ...passed.slice(0, 5), stays, ...passed.slice(7))).toEqual([])
    expect(said(stays, ...passed.slice(0, 5), grouping(0), stays, ...passed.slice(7))).toEqual([
      ['passed', 9],
    ])
  })

  it('forgives a job that is passed but offered in the same append', () => {
    const start: Step = { ...started('b', ['n']), offers: ['a'] }
    expect(audit(logOf([queued('a', ['m']), queued('b', ['n']), start])).violations).toEqual([])
  })
})
