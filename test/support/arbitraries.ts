/** Generators of everything the core speaks of, for properties about any part. */
import fc from 'fast-check'
import {
  archiveRules,
  bounds,
  type Dedupe,
  type Event,
  type EventType,
  emptySetRules,
  failureCodes,
  type JobSpec,
  jobTypes,
  outcomes,
  overlapRules,
  type Policy,
  type RecordedEvent,
  reasonCodes,
  requeueReasons,
  skipReasons,
} from '../../src/engine/core/index.ts'

/** 1 to 200 UTF-16 units, well-formed, without control characters; often short and often of an awkward alphabet. */
export const arbitraryName: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9.-]{0,11}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isName) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', "'; drop table jobs; --", 'a b', '🚂'.repeat(100)),
  },
)

function isName(text: string): boolean {
  return text.length >= 1 && text.length <= bounds.idLength && !/\p{Cc}/u.test(text) && text.isWellFormed()
}

/** Few models, so that generated jobs meet. */
const arbitraryModels: fc.Arbitrary<readonly string[]> = fc.uniqueArray(arbitraryName, {
  maxLength: 4,
})

/** Microseconds between 1970 and 2255. */
const arbitraryMicros: fc.Arbitrary<number> = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

const seq = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
/** Plain objects: decoded ones are, and a strict comparison sees the difference. */
const record = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record(model, { noNullPrototype: true })
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 })
// −0 is not a number of JSON.
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)

const payloadOrNot = fc
  .tuple(fc.boolean(), fc.option(fc.integer({ min: 0, max: 2 ** 52 }), { nil: undefined }))
  .map(([hasData, payloadHash]) => ({
    ...(hasData ? { hasData } : {}),
    ...(hasData && payloadHash !== undefined ? { payloadHash } : {}),
  }))

const arbitraryKey = fc.stringMatching(/^[0-9a-f]{32}$/)
const ms = fc.integer({ min: 1, max: bounds.durationMs })
const arbitraryDedupe: fc.Arbitrary<Dedupe> = fc.oneof(
  record({ key: arbitraryKey, while: fc.oneof(fc.constantFrom('waiting' as const, 'live' as const), ms) }),
  record({
    key: arbitraryKey,
    while: fc.constantFrom('waiting' as const, 'live' as const),
    debounce: record({ delay: ms, maxDelay: ms }),
  }),
)

const arbitraryUnits = fc.dictionary(
  fc.constantFrom('vram', 'slots', 'a-b'),
  fc.integer({ min: 1, max: bounds.units }),
  { minKeys: 1, noNullPrototype: true },
)

/** A spec with a value of its own in any field, defaults included. */
function arbitraryJobSpec(jobId: fc.Arbitrary<string> = arbitraryName): fc.Arbitrary<JobSpec> {
  const spec = record({
    jobId,
    jobType: fc.constantFrom(...jobTypes),
    kind: fc.oneof(fc.constantFrom('normal', 'workflow'), arbitraryName),
    models: arbitraryModels,
    priority: fc.oneof(fc.constant(0), fc.integer({ min: -bounds.priority, max: bounds.priority })),
    runAt: orNull(arbitraryMicros),
    attempts: fc.oneof(fc.constant(3), fc.integer({ min: 1, max: bounds.attempts })),
    timeoutMs: fc.oneof(fc.constant(3_600_000), fc.integer({ min: 1, max: bounds.durationMs })),
    expireMs: orNull(fc.integer({ min: 1, max: bounds.durationMs })),
    fairKey: orNull(arbitraryName),
  })
  return fc
    .tuple(
      spec,
      payloadOrNot,
      fc.option(arbitraryDedupe, { nil: undefined }),
      fc.option(fc.integer({ min: 0, max: 2 ** 52 }), { nil: undefined, freq: 1 }),
      fc.option(arbitraryName, { nil: undefined }),
      fc.option(arbitraryUnits, { nil: undefined }),
    )
    .map(([plain, payload, dedupe, after, tag, units]) => ({
      ...plain,
      ...payload,
      ...(dedupe === undefined ? {} : { dedupe }),
      ...(after === undefined ? {} : { after }),
      ...(tag === undefined ? {} : { tag }),
      ...(units === undefined
        ? {}
        : {
            asks: Object.fromEntries([[plain.models.find((name) => name !== 'constructor') ?? 'm', units]]),
          }),
    }))
}

const undeclaringPolicy: fc.Arbitrary<Policy> = record({
  maxActive: orNull(fc.integer({ min: 1, max: 100 })),
  capacity: fc
    .array(fc.tuple(fc.oneof(arbitraryName, fc.constant('*')), fc.integer({ min: 1, max: 10 })), {
      maxLength: 4,
    })
    .map((entries) => Object.fromEntries(entries)),
  maxOvertakes: orNull(fc.integer({ min: 0, max: 100 })),
  ageSeconds: orNull(
    fc.oneof(
      fc.constant(60),
      fc.double({ min: 0, max: 1_000, noNaN: true }).map((s) => s + 0),
    ),
  ),
  offerMs: fc.integer({ min: 0, max: 60_000 }),
  retentionDays: orNull(fc.integer({ min: 1, max: 36_500 })),
  archive: fc.constantFrom(...archiveRules),
  emptySet: fc.constantFrom(...emptySetRules),
  holdAfterLossSeconds: fc
    .array(
      fc.tuple(fc.oneof(arbitraryName, fc.constant('*')), fc.integer({ min: 0, max: bounds.holdSeconds })),
      {
        maxLength: 3,
      },
    )
    .map((entries) => Object.fromEntries(entries)),
  fairShare: orNull(
    record({
      spacingSeconds: fc.double({ min: 0, max: bounds.spacingSeconds, noNaN: true }).map((s) => s + 0),
      maxWaiting: orNull(fc.integer({ min: 1, max: 100 })),
      maxActive: orNull(fc.integer({ min: 1, max: 100 })),
    }),
  ),
  rate: fc
    .array(
      fc.tuple(
        // No policy has a rate for `*`. A strict comparison takes an object's `constructor` for its class.
        arbitraryName.filter((name) => name !== '*' && name !== 'constructor'),
        record({
          starts: fc.integer({ min: 1, max: bounds.rateStarts }),
          perSeconds: fc.double({ min: 0.001, max: 86_400, noNaN: true }),
        }),
      ),
      { maxLength: 3 },
    )
    .map((entries) => Object.fromEntries(entries)),
})

export const arbitraryPolicy: fc.Arbitrary<Policy> = fc
  .tuple(
    undeclaringPolicy,
    fc.array(
      arbitraryName.filter((name) => name !== '*' && name !== 'constructor'),
      { maxLength: 3 },
    ),
    fc.array(
      fc.tuple(
        arbitraryName.filter((name) => name !== '*' && name !== 'constructor'),
        arbitraryUnits,
      ),
      {
        maxLength: 2,
      },
    ),
  )
  .map(([policy, models, units]) => ({
    ...policy,
    ...(models.length === 0 ? {} : { models: Object.fromEntries(models.map((model) => [model, {}])) }),
    ...(units.length === 0 ? {} : { units: Object.fromEntries(units) }),
  }))

/** The facts of each type of event, without those every event may carry. A new type has no place to hide here. */
const factsOf: { readonly [Type in EventType]: fc.Arbitrary<Event & { readonly type: Type }> } = {
  queued: fc
    .tuple(
      arbitraryJobSpec(),
      fc.option(fc.boolean(), { nil: undefined }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.option(arbitraryMicros, { nil: undefined }),
    )
    .map(([spec, asked, intake, named, isSubmitted, due]) => ({
      type: 'queued' as const,
      jobId: spec.jobId,
      spec: due === undefined ? spec : { ...spec, schedule: 'nightly' },
      ...(due === undefined ? {} : { due, next: Math.min(due + 1, Number.MAX_SAFE_INTEGER) }),
      ...(asked === undefined ? {} : { asked }),
      ...(intake ? { intake } : {}),
      ...(named ? { named } : {}),
      ...(isSubmitted ? { submission: 1 } : {}),
    })),
  deduplicated: record({
    type: fc.constant('deduplicated'),
    jobId: arbitraryName,
    standsFor: arbitraryName,
    key: arbitraryKey,
  }),
  debounced: fc
    .tuple(arbitraryName, orNull(arbitraryMicros), payloadOrNot)
    .map(([jobId, runAt, payload]) => ({ type: 'debounced' as const, jobId, runAt, ...payload })),
  started: record({
    type: fc.constant('started'),
    jobId: arbitraryName,
    workerId: arbitraryName,
    attempt: fc.integer({ min: 1, max: bounds.attempts }),
    models: arbitraryModels,
  }),
  completed: record({ type: fc.constant('completed'), jobId: arbitraryName, token: seq }),
  blocked: waited('blocked'),
  conflict: waited('conflict'),
  failed: fc.oneof(
    record({
      type: fc.constant('failed'),
      jobId: arbitraryName,
      token: seq,
      code: fc.constantFrom(...failureCodes),
      final: fc.boolean(),
    }),
    record({
      type: fc.constant('failed'),
      jobId: arbitraryName,
      token: fc.constant(null),
      code: fc.constant('parent_failed'),
      final: fc.constant(true),
      cause: arbitraryName,
    }),
  ),
  cancel_requested: ofJob('cancel_requested'),
  cancelled: record({ type: fc.constant('cancelled'), jobId: arbitraryName, token: orNull(seq) }),
  expired: ofJob('expired'),
  lease_expired: record({
    type: fc.constant('lease_expired'),
    jobId: arbitraryName,
    token: seq,
    workerId: arbitraryName,
    final: fc.boolean(),
  }),
  detached: record({
    type: fc.constant('detached'),
    jobId: arbitraryName,
    token: seq,
    until: arbitraryMicros,
  }),
  model_released: record({
    type: fc.constant('model_released'),
    jobId: arbitraryName,
    token: seq,
    model: arbitraryName,
  }),
  requeued: fc.oneof(
    record({
      type: fc.constant('requeued'),
      jobId: arbitraryName,
      reason: fc.constantFrom(...requeueReasons),
      runAt: orNull(arbitraryMicros),
    }),
    record({
      type: fc.constant('requeued'),
      jobId: arbitraryName,
      reason: fc.constantFrom(...requeueReasons),
      runAt: orNull(arbitraryMicros),
      models: fc.array(arbitraryName, { maxLength: 3 }),
    }),
  ),
  due: ofJob('due'),
  asked: record({ type: fc.constant('asked'), jobId: arbitraryName, asker: orNull(arbitraryName) }),
  voided: fc.oneof(
    record({ type: fc.constant('voided'), of: seq }),
    record({ type: fc.constant('voided'), of: seq, as: fc.constant({ reason: 'retry', run_at: 7 }) }),
  ),
  bypassed: record({
    type: fc.constant('bypassed'),
    jobId: arbitraryName,
    jobType: fc.constantFrom(...jobTypes),
  }),
  reprioritized: record({
    type: fc.constant('reprioritized'),
    jobId: arbitraryName,
    priority: fc.integer({ min: -bounds.priority, max: bounds.priority }),
    position: record({ level: real, order: fc.maxSafeInteger(), tie: real }),
  }),
  policy_changed: fc.oneof(
    record({ type: fc.constant('policy_changed'), policy: arbitraryPolicy }),
    record({
      type: fc.constant('policy_changed'),
      policy: arbitraryPolicy,
      passesStay: fc.constant<true>(true),
    }),
  ),
  model_paused: record({
    type: fc.constant('model_paused'),
    model: arbitraryName,
    reason: fc.stringMatching(/^[a-z][a-z0-9_]{0,49}$/),
    until: orNull(arbitraryMicros),
  }),
  linked: fc.oneof(
    record({
      type: fc.constant('linked'),
      jobId: arbitraryName,
      after: fc.array(arbitraryName, { maxLength: 3 }),
    }),
    record({
      type: fc.constant('linked'),
      jobId: arbitraryName,
      after: fc.array(arbitraryName, { maxLength: 3 }),
      goesOn: fc.constant(true),
      outcome: fc.constantFrom(...outcomes),
    }),
  ),
  released: record({ type: fc.constant('released'), jobId: arbitraryName, runAt: orNull(arbitraryMicros) }),
  end_propagated: record({ type: fc.constant('end_propagated'), parent: arbitraryName }),
  worker_serves: record({
    type: fc.constant('worker_serves'),
    workerId: arbitraryName,
    places: fc.array(arbitraryName, { maxLength: 3 }),
  }),
  worker_gone: fc.oneof(
    record({ type: fc.constant('worker_gone'), workerId: arbitraryName }),
    record({ type: fc.constant('worker_gone'), workerId: arbitraryName, left: fc.constant(true) }),
  ),
  model_resumed: record({ type: fc.constant('model_resumed'), model: arbitraryName }),
  drain_requested: record({ type: fc.constant('drain_requested') }),
  drained: record({ type: fc.constant('drained') }),
  resumed: record({ type: fc.constant('resumed') }),
  epoch_changed: record({ type: fc.constant('epoch_changed'), epoch: seq }),
  schedule_set: fc
    .tuple(
      record({
        type: fc.constant('schedule_set' as const),
        schedule: arbitraryName,
        owner: arbitraryName,
        next: orNull(arbitraryMicros),
        tz: fc.constantFrom('UTC', 'Europe/Berlin'),
        upTo: fc.nat({ max: 1_000 }),
        withinMs: orNull(fc.integer({ min: 1, max: bounds.durationMs })),
        overlap: fc.constantFrom(...overlapRules),
      }),
      arbitraryJobSpec(),
      fc.option(fc.nat(), { nil: undefined }),
      fc.boolean(),
      fc.option(arbitraryMicros, { nil: undefined }),
    )
    .map(([event, { jobId: _, runAt: __, dedupe: ___, ...job }, revision, isCron, since]) => ({
      ...event,
      job,
      ...(since === undefined ? {} : { since }),
      ...(revision === undefined ? {} : { revision }),
      ...(isCron ? { cron: '30 2 * * *' } : { everyMs: 1_000 }),
    })),
  schedule_removed: fc.oneof(
    record({ type: fc.constant('schedule_removed'), schedule: arbitraryName }),
    record({ type: fc.constant('schedule_removed'), schedule: arbitraryName, revision: fc.nat() }),
  ),
  schedule_paused: record({ type: fc.constant('schedule_paused'), schedule: arbitraryName }),
  schedule_resumed: record({
    type: fc.constant('schedule_resumed'),
    schedule: arbitraryName,
    next: orNull(arbitraryMicros),
  }),
  schedule_skipped: record({
    type: fc.constant('schedule_skipped'),
    schedule: arbitraryName,
    due: arbitraryMicros,
    next: orNull(arbitraryMicros),
    reason: fc.constantFrom(...skipReasons),
  }),
}

function ofJob<const Type extends 'cancel_requested' | 'expired' | 'due'>(type: Type) {
  return record({ type: fc.constant(type), jobId: arbitraryName })
}

function waited<const Type extends 'blocked' | 'conflict'>(type: Type) {
  return record({
    type: fc.constant(type),
    jobId: arbitraryName,
    reason: fc.constantFrom(...reasonCodes),
    blockedBy: orNull(arbitraryName),
    model: orNull(arbitraryName),
  })
}

type AnyEvent = fc.Arbitrary<Event>

/** Any event; of the one type if it is named. */
function arbitraryEvent(type?: EventType): AnyEvent {
  const facts: AnyEvent = type ? factsOf[type] : fc.oneof(...(Object.values(factsOf) as AnyEvent[]))
  return record({
    event: facts,
    workerId: fc.option(arbitraryName, { nil: undefined }),
    offers: fc.option(fc.oneof(fc.constant('own' as const), fc.array(arbitraryName, { maxLength: 3 })), {
      nil: undefined,
    }),
  }).map(({ event, workerId, offers }) => {
    const own = 'jobId' in event ? [event.jobId] : []
    const ids = offers === 'own' ? own : offers
    return {
      ...(workerId === undefined ? {} : { workerId }),
      ...(ids === undefined ? {} : { offers: ids }),
      ...event,
    }
  })
}

/** Any event with a place in the log, a time, and a command. */
export function arbitraryRecordedEvent(type?: EventType): fc.Arbitrary<RecordedEvent> {
  return record({
    event: arbitraryEvent(type),
    seq,
    at: arbitraryMicros,
    commandId: arbitraryName,
    commandHash: fc.integer({ min: 0, max: 2 ** 52 - 1 }),
  }).map(({ event, ...record }) => ({ ...event, ...record }))
}
