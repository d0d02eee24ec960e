/**
 * Generators of runs: each step is a row of choices that mean something in any state ("the third active job"), so a
 * failing run shrinks to a short one. `simulate.ts` turns them into commands.
 */
import fc from 'fast-check'
import {
  archiveRules,
  type Claim,
  type Dedupe,
  emptySetRules,
  type JobSpec,
  MICROS_PER_MS,
  type OverlapRule,
  overlapRules,
  type Policy,
  type Uses,
} from '../../src/engine/core/index.ts'

/** A job to be enqueued; times are relative to the step. */
export interface Wish {
  readonly id: number
  readonly kind: string
  readonly models: readonly string[]
  /** So many of the first of them it takes as a whole; absent: none. */
  readonly whole?: number
  readonly priority: number
  readonly delayMs: number | null
  readonly attempts: number
  readonly expireMs: number | null
  readonly timeoutMs: number
  readonly fairKey: string | null
  readonly dedupe: Dedupe | null
  readonly asks?: NonNullable<JobSpec['asks']>
  /** What it comes after: ids of jobs, most of which are not live. */
  readonly after: readonly { readonly id: number; readonly goesOn: boolean }[]
  readonly uses?: Uses
}

export type TokenChoice = 'right' | 'none' | 'stale'

/** `pick` chooses among the jobs in question, and now and then one that is not in question at all. */
export type Act =
  | { readonly type: 'enqueue'; readonly wishes: readonly Wish[] }
  | { readonly type: 'enqueue_again' | 'retry' | 'unask' | 'confirm_cancel'; readonly pick: number }
  | { readonly type: 'ask'; readonly wish: Wish; readonly wait: boolean }
  | { readonly type: 'ask_again' | 'take_up'; readonly pick: number; readonly wait: boolean }
  | { readonly type: 'claim' | 'drain' | 'resume' | 'tick' | 'die' | 'leave' | 'expire_leases' }
  | { readonly type: 'complete'; readonly pick: number; readonly token: TokenChoice; readonly used?: Uses }
  | { readonly type: 'fail'; readonly pick: number; readonly delayMs: number | null; readonly used?: Uses }
  | {
      readonly type: 'release'
      readonly pick: number
      readonly delayMs: number | null
      /** What it needs next; null: the same. */
      readonly models: readonly string[] | null
    }
  | { readonly type: 'detach'; readonly pick: number; readonly forMs: number }
  /** `nth` of its models is given back. */
  | { readonly type: 'done'; readonly pick: number; readonly nth: number; readonly token: TokenChoice }
  | {
      readonly type: 'cancel'
      readonly pick: number
      readonly force: boolean
      /** Also all that come after it. */
      readonly descendants?: boolean
    }
  /** The handler of a job that runs adds these. */
  | {
      readonly type: 'add'
      readonly pick: number
      readonly token: TokenChoice
      readonly wishes: readonly Wish[]
    }
  | { readonly type: 'reprioritize'; readonly pick: number; readonly priority: number }
  | { readonly type: 'move'; readonly pick: number; readonly before: number }
  | { readonly type: 'pause_model'; readonly model: string; readonly forMs: number | null }
  | { readonly type: 'resume_model'; readonly model: string }
  | { readonly type: 'set_policy'; readonly policy: Policy }
  | {
      readonly type: 'set_schedules'
      readonly owner: string
      readonly revision: number | null
      readonly wishes: readonly ScheduleWishes[]
    }
  /** `inMs`: a schedule that is resumed is due so long after. */
  | {
      readonly type: 'remove_schedule' | 'pause_schedule' | 'resume_schedule'
      readonly id: string
      readonly inMs?: number
    }
  /** `off`: now and then a due time that is not the next one. */
  | { readonly type: 'fire'; readonly pick: number; readonly off: number }

/** A schedule to be declared, and when it is due for the first time, from the step on. */
export interface ScheduleWishes {
  readonly id: string
  readonly everyMs: number
  readonly inMs: number
  /** The command was long on its way: also the first due time may have come. */
  readonly isLate?: boolean
  readonly upTo: number
  readonly withinMs: number | null
  readonly overlap: OverlapRule
  readonly models: readonly string[]
}

export interface Step {
  /** Microseconds since the step before. */
  readonly elapsed: number
  readonly worker: number
  readonly claim: Claim | null
  readonly act: Act
}

const modelNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

const pick = fc.nat(999)
const few = fc.subarray([...modelNames], { minLength: 1, maxLength: 2 })
const many = fc.subarray([...modelNames], { maxLength: 7 })
const models = fc.oneof(
  { weight: 6, arbitrary: few },
  { weight: 3, arbitrary: many },
  { weight: 1, arbitrary: fc.constant([]) },
)
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
const delayMs = fc.option(fc.integer({ min: -500, max: 4_000 }), { nil: null, freq: 3 })

const dedupe: fc.Arbitrary<Dedupe> = fc.oneof(
  fc.record({
    key: fc.constantFrom('x', 'y'),
    while: fc.constantFrom('waiting' as const, 'live' as const, 1_500),
  }),
  fc.record({
    key: fc.constantFrom('x', 'y'),
    while: fc.constantFrom('waiting' as const, 'live' as const),
    debounce: fc.constant({ delay: 1_500, maxDelay: 4_000 }),
  }),
)

const wishOf = (ids: number, wholes: boolean): fc.Arbitrary<Wish> =>
  fc.record({
    id: fc.nat(ids - 1),
    kind: fc.constantFrom('normal', 'normal', 'normal', 'rare'),
    models,
    whole: wholes ? fc.constantFrom(0, 0, 0, 1, 1, 2) : fc.constant(0),
    priority: fc.constantFrom(0, 0, 0, 1, 2, -1),
    delayMs: seldom(fc.integer({ min: -500, max: 2_000 })),
    attempts: fc.integer({ min: 1, max: 3 }),
    expireMs: seldom(fc.integer({ min: 1, max: 3_000 })),
    fairKey: fc.constantFrom(null, null, 'k', 'l'),
    dedupe: seldom(dedupe),
    timeoutMs: fc.constantFrom(60_000, 60_000, 60_000, 1_000, 1),
    after: fc.oneof(
      { weight: 7, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.uniqueArray(
          fc.record({ id: fc.nat(ids - 1), goesOn: fc.constantFrom(false, false, true) }),
          { selector: ({ id }) => id, minLength: 1, maxLength: 3 },
        ),
      },
    ),
  })

/** Many jobs that need the same, and wait for nothing else. */
const alikeOf = (ids: number, wholes: boolean): fc.Arbitrary<Wish> =>
  fc
    .tuple(wishOf(ids, wholes), fc.constantFrom(['a'], ['a'], ['b'], ['a', 'b'], ['b', 'a']))
    .map(([wish, needs]) => ({
      ...wish,
      models: needs,
      delayMs: null,
      fairKey: null,
      dedupe: null,
      after: [],
    }))

const amounts = fc.record(
  { u: fc.integer({ min: 1, max: 6 }), v: fc.constantFrom(1, 1, 2) },
  { requiredKeys: ['u'], noNullPrototype: true },
)
/** Jobs of models whose places have units, most of which ask some. */
const askingOf = (wishes: fc.Arbitrary<Wish>): fc.Arbitrary<Wish> =>
  fc
    .tuple(
      wishes,
      fc.constantFrom(
        ['a'],
        ['a'],
        ['b'],
        ['b'],
        ['c'],
        ['a', 'e'],
        ['b', 'f', 'e'],
        ['d', 'a'],
        ['e'],
        ['a', 'b'],
      ),
      fc.option(amounts, { nil: null, freq: 4 }),
    )
    .map(([wish, needs, units]) => {
      const asking = needs.find((name) => name !== 'd') ?? 'd'
      return { ...wish, models: needs, ...(units === null ? {} : { asks: { [asking]: units } }) }
    })

const inMs = fc.integer({ min: -200_000, max: 2_000 })
const scheduleId = fc.constantFrom('nightly', 'hourly', 'weekly')
const scheduleWish: fc.Arbitrary<ScheduleWishes> = fc.record({
  id: scheduleId,
  everyMs: fc.constantFrom(100, 1_000, 1_000, 30_000),
  inMs,
  isLate: fc.boolean(),
  upTo: fc.constantFrom(0, 1, 1, 3),
  withinMs: fc.constantFrom(null, null, 150_000, 500),
  overlap: fc.constantFrom(...overlapRules),
  models,
})

const capacity = fc.dictionary(fc.constantFrom(...modelNames, '*'), fc.integer({ min: 1, max: 4 }), {
  maxKeys: 5,
  noNullPrototype: true,
})

const placeNames = ['p', 'q', 'r', 's', 't'] as const
/** Some models have places, and some of these have several models. */
const placed: fc.Arbitrary<Policy['capacity']> = fc.dictionary(
  fc.constantFrom(...modelNames, '*'),
  fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
    { weight: 3, arbitrary: fc.shuffledSubarray([...placeNames], { minLength: 1, maxLength: 4 }) },
  ),
  { maxKeys: 6, noNullPrototype: true },
)

const somePlaces = fc.shuffledSubarray([...placeNames], { minLength: 1, maxLength: 4 })
/** Those models that jobs with asks need have places, most of which have units. */
const measured: fc.Arbitrary<Pick<Policy, 'capacity' | 'units'>> = fc
  .tuple(
    fc.record(
      { a: somePlaces, b: somePlaces, c: somePlaces, d: fc.constant(['x', 'y']), e: fc.constant(2) },
      { noNullPrototype: true },
    ),
    fc.dictionary(
      fc.constantFrom(...placeNames),
      fc.record(
        { u: fc.integer({ min: 4, max: 9 }), v: fc.integer({ min: 1, max: 3 }) },
        { requiredKeys: ['u'], noNullPrototype: true },
      ),
      { minKeys: 3, maxKeys: 5, noNullPrototype: true },
    ),
  )
  .map(([models, units]) => ({ capacity: models, units }))

/** Policies under which something happens: few slots, small bounds, offers that run out within a run. */
const undeclaring: fc.Arbitrary<Policy> = fc.record({
  maxActive: fc.constantFrom(null, null, 1, 2, 3, 5),
  capacity,
  maxOvertakes: fc.constantFrom(0, 0, 1, 2, 3, null),
  ageSeconds: fc.constantFrom(60, 1, 0.25, null),
  offerMs: fc.constantFrom(2_000, 500, 0),
  retentionDays: fc.constantFrom(30, null),
  archive: fc.constantFrom(...archiveRules),
  emptySet: fc.constantFrom(...emptySetRules),
  holdAfterLossSeconds: fc.dictionary(fc.constantFrom(...modelNames, '*'), fc.integer({ min: 0, max: 3 }), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  fairShare: fc.option(
    fc.record(
      {
        spacingSeconds: fc.constantFrom(0, 0, 0.25, 60),
        maxWaiting: fc.constantFrom(null, null, 2, 6),
        maxActive: fc.constantFrom(null, 1, 2),
      },
      { noNullPrototype: true },
    ),
    { nil: null, freq: 2 },
  ),
  rate: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.dictionary(
        fc.constantFrom(...modelNames),
        fc.record(
          { starts: fc.integer({ min: 1, max: 3 }), perSeconds: fc.constantFrom(0.01, 1, 3, 10) },
          { noNullPrototype: true },
        ),
        { maxKeys: 2, noNullPrototype: true },
      ),
    },
  ),
})

/** Some of them declare models, and these most of them: refused jobs are dull. */
const arbitraryRules: fc.Arbitrary<Policy> = fc
  .tuple(undeclaring, fc.subarray([...modelNames], { minLength: 4 }), fc.nat(3))
  .map(([policy, declared, nth]) =>
    nth < 3 ? policy : { ...policy, models: Object.fromEntries(declared.map((model) => [model, {}])) },
  )

const placedRules: fc.Arbitrary<Policy> = fc
  .tuple(arbitraryRules, placed)
  .map(([policy, capacity]) => ({ ...policy, capacity }))

const measuredRules: fc.Arbitrary<Policy> = fc
  .tuple(arbitraryRules, measured)
  .map(([{ models: _, ...policy }, rules]) => ({ ...policy, ...rules }))
const resource = fc.constantFrom('x', 'y')
const usesOf = (amount: fc.Arbitrary<number>): fc.Arbitrary<Uses> =>
  fc.dictionary(resource, amount, { maxKeys: 2, noNullPrototype: true })
const windowOf = { limit: fc.constantFrom(2, 4, 6, 9), perSeconds: fc.constantFrom(0.05, 1, 3, 10) }
const counted = fc.constant('atStart' as const)
/** @param atStart some of them count at the start */
function limitsOf(atStart: boolean) {
  const window = atStart
    ? fc.record({ ...windowOf, counted }, { requiredKeys: ['limit', 'perSeconds'], noNullPrototype: true })
    : fc.record(windowOf, { noNullPrototype: true })
  return fc.dictionary(
    resource,
    fc.oneof(
      window,
      fc.uniqueArray(window, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) }),
    ),
    { minKeys: 1, maxKeys: 2, noNullPrototype: true },
  )
}

/** Most policies limit what is used, and most jobs use something. */
const limited = (rules: fc.Arbitrary<Policy>, atStart: boolean): fc.Arbitrary<Policy> =>
  fc
    .tuple(rules, limitsOf(atStart), fc.nat(4))
    .map(([policy, uses, nth]) => (nth === 0 ? policy : { ...policy, uses }))

const wishUsing = (wish: fc.Arbitrary<Wish>): fc.Arbitrary<Wish> =>
  fc
    .tuple(wish, usesOf(fc.constantFrom(1, 1, 2, 2, 3, 5, 7)), fc.nat(5))
    .map(([own, uses, nth]) =>
      nth === 0 || Object.keys(uses).length === 0 || own.models.length === 0 ? own : { ...own, uses },
    )

const weights = fc.dictionary(fc.constantFrom('k', 'l', 'm', '*', 'free/*'), fc.constantFrom(1, 1, 2, 5), {
  maxKeys: 3,
  noNullPrototype: true,
})
const tiers = fc.option(
  fc.record(
    { maxActive: fc.constantFrom(null, 1, 2), maxTogether: fc.constantFrom(null, 1, 2, 3) },
    { noNullPrototype: true },
  ),
  { nil: null, freq: 2 },
)
/** Most policies weigh what keys have used, and few are in strict order, where that has no effect. */
const weighing = (rules: fc.Arbitrary<Policy>): fc.Arbitrary<Policy> =>
  fc
    .tuple(rules, weights, fc.constantFrom(null, null, 1, 2, 5, 20, 0), fc.nat(5), tiers)
    .map(([policy, own, maxOvertakes, nth, free]) => ({
      ...policy,
      ...(nth === 0 ? {} : { maxOvertakes, weights: own }),
      ...(free === null ? {} : { tiers: { free } }),
    }))
const withFairKey = (wish: fc.Arbitrary<Wish>): fc.Arbitrary<Wish> =>
  fc
    .tuple(wish, fc.constantFrom(null, 'k', 'l', 'm', 'free/a', 'free/b'))
    .map(([own, fairKey]) => ({ ...own, fairKey }))

/** An attempt that says what it used: less, more, or something of which its job said nothing. */
const actUsing = (act: fc.Arbitrary<Act>): fc.Arbitrary<Act> =>
  fc
    .tuple(act, usesOf(fc.nat(6)), fc.nat(2))
    .map(([own, used, nth]) =>
      nth > 0 && (own.type === 'complete' || own.type === 'fail') ? { ...own, used } : own,
    )

const steering = (policy: fc.Arbitrary<Policy>): fc.Arbitrary<Act> =>
  fc.oneof(
    fc.record({ type: fc.constant('set_policy' as const), policy }),
    fc.record({ type: fc.constantFrom('drain' as const, 'resume' as const, 'resume' as const) }),
  )

const actsFor = (wish: fc.Arbitrary<Wish>): readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] => [
  { weight: 14, arbitrary: of('enqueue', { wishes: fc.array(wish, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.tuple(wish, wish).map(eachAfterTheOther) },
  { weight: 1, arbitrary: of('enqueue_again', { pick }) },
  { weight: 1, arbitrary: of('retry', { pick }) },
  { weight: 4, arbitrary: of('ask', { wish, wait: fc.boolean() }) },
  { weight: 3, arbitrary: of('ask_again', { pick, wait: fc.boolean() }) },
  { weight: 1, arbitrary: of('take_up', { pick, wait: fc.boolean() }) },
  { weight: 1, arbitrary: of('unask', { pick }) },
  { weight: 10, arbitrary: of('claim', {}) },
  {
    weight: 14,
    arbitrary: of('complete', { pick, token: fc.constantFrom('right', 'right', 'none', 'stale') }),
  },
  { weight: 4, arbitrary: of('fail', { pick, delayMs }) },
  {
    weight: 3,
    arbitrary: of('release', { pick, delayMs, models: fc.option(models, { nil: null, freq: 2 }) }),
  },
  { weight: 2, arbitrary: of('detach', { pick, forMs: fc.integer({ min: -50, max: 4_000 }) }) },
  {
    weight: 5,
    arbitrary: of('done', {
      pick,
      nth: fc.nat(7),
      token: fc.constantFrom('right', 'right', 'right', 'stale'),
    }),
  },
  { weight: 4, arbitrary: of('cancel', { pick, force: fc.boolean() }) },
  { weight: 1, arbitrary: of('confirm_cancel', { pick }) },
  { weight: 2, arbitrary: of('die', {}) },
  { weight: 3, arbitrary: of('expire_leases', {}) },
  { weight: 2, arbitrary: of('reprioritize', { pick, priority: fc.integer({ min: -3, max: 3 }) }) },
  { weight: 2, arbitrary: of('move', { pick, before: pick }) },
  {
    weight: 1,
    arbitrary: of('pause_model', {
      model: fc.constantFrom(...modelNames),
      forMs: fc.option(fc.integer({ min: -50, max: 4_000 }), { nil: null, freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: of('resume_model', { model: fc.constantFrom(...modelNames) }) },
  { weight: 6, arbitrary: of('tick', {}) },
  {
    weight: 2,
    arbitrary: of('set_schedules', {
      owner: fc.constantFrom('billing', 'reports'),
      revision: fc.constantFrom(null, null, 1, 2, 3),
      wishes: fc.uniqueArray(scheduleWish, { maxLength: 2, selector: ({ id }) => id }),
    }),
  },
  { weight: 1, arbitrary: of('remove_schedule', { id: scheduleId }) },
  { weight: 1, arbitrary: of('pause_schedule', { id: scheduleId }) },
  { weight: 1, arbitrary: of('resume_schedule', { id: scheduleId, inMs }) },
  { weight: 6, arbitrary: of('fire', { pick, off: fc.constantFrom(0, 0, 0, 0, 0, 1) }) },
]

const batchActs = (
  alike: fc.Arbitrary<Wish>,
): readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] => [
  ...actsFor(alike),
  {
    weight: 50,
    arbitrary: of('enqueue', { wishes: fc.array(alike, { minLength: 2, maxLength: 5 }) }),
  },
  { weight: 40, arbitrary: of('complete', { pick, token: fc.constant('right') }) },
]

/** Long lines, and processes that go from one job to the next. */
const busyActs = (wish: fc.Arbitrary<Wish>): readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] => [
  { weight: 40, arbitrary: of('enqueue', { wishes: fc.array(wish, { minLength: 2, maxLength: 5 }) }) },
  { weight: 40, arbitrary: of('complete', { pick, token: fc.constant('right') }) },
]

const placeActs: readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] = [
  {
    weight: 2,
    arbitrary: of('pause_model', {
      model: fc.constantFrom(...placeNames),
      forMs: fc.option(fc.integer({ min: -50, max: 4_000 }), { nil: null, freq: 3 }),
    }),
  },
  { weight: 4, arbitrary: of('resume_model', { model: fc.constantFrom(...placeNames) }) },
]

/** Each may come after those before it, in the same call; the last one is told first. */
const graphOf = (one: fc.Arbitrary<Wish>): fc.Arbitrary<readonly Wish[]> =>
  fc
    .uniqueArray(fc.tuple(one, fc.nat(7), fc.nat(7)), {
      selector: ([{ id }]) => id,
      minLength: 2,
      maxLength: 5,
    })
    .map((drawn) =>
      drawn
        .map(([wish, parents, goesOn], nth) => {
          const before = drawn.slice(0, nth).map(([{ id }], i) => ({ id, bit: 1 << (i % 3) }))
          const after = before
            .filter(({ bit }) => (parents & bit) !== 0)
            .map(({ id, bit }) => ({ id, goesOn: (goesOn & bit) === bit && goesOn > 4 }))
          return { ...wish, dedupe: null, after }
        })
        .toReversed(),
    )

const flowActs = (wish: fc.Arbitrary<Wish>): readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] => [
  { weight: 14, arbitrary: of('enqueue', { wishes: graphOf(wish) }) },
  {
    weight: 14,
    arbitrary: of('add', {
      pick,
      token: fc.constantFrom('right', 'right', 'right', 'right', 'stale'),
      wishes: fc.oneof(graphOf(wish), fc.array(wish, { minLength: 1, maxLength: 3 })),
    }),
  },
  { weight: 6, arbitrary: of('cancel', { pick, force: fc.boolean(), descendants: fc.constant(true) }) },
]

const serveActs: readonly { weight: number; arbitrary: fc.Arbitrary<Act> }[] = [
  { weight: 2, arbitrary: of('leave', {}) },
  { weight: 2, arbitrary: of('die', {}) },
  { weight: 2, arbitrary: of('expire_leases', {}) },
]

/** They would wait for each other, if they are new. */
const eachAfterTheOther = ([one, other]: readonly [Wish, Wish]): Act => ({
  type: 'enqueue',
  wishes: [
    { ...one, after: [{ id: other.id, goesOn: false }] },
    { ...other, after: [{ id: one.id, goesOn: false }] },
  ],
})

function of<T extends Act['type'], F>(
  type: T,
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
): fc.Arbitrary<Act> {
  return fc.record({ type: fc.constant(type), ...fields }) as unknown as fc.Arbitrary<Act>
}

const anyClaim: fc.Arbitrary<Claim> = fc.record({
  max: fc.integer({ min: 0, max: 4 }),
  kinds: fc.constantFrom(null, null, ['normal'], ['rare'], []),
  batches: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    [{ kind: 'normal', size: 3 }],
    [
      { kind: 'rare', size: 1 },
      { kind: '*', size: 5 },
    ],
  ),
})

const servedPlaces = fc.option(fc.subarray([...placeNames, 'p*', '*s*', '*']), { nil: undefined, freq: 3 })
const servingClaim: fc.Arbitrary<Claim | null> = fc.option(
  fc
    .tuple(anyClaim, servedPlaces)
    .map(([claim, places]) => (places === undefined ? claim : { ...claim, serves: places })),
  { nil: null, freq: 2 },
)
/** Most of those who claim keep one model, or two. They claim seldom, so that there is something to choose from. */
const keeping = (claim: fc.Arbitrary<Claim | null>): fc.Arbitrary<Claim | null> =>
  fc.tuple(claim, fc.constantFrom(1, 1, 1, 1, 1, 2, undefined), fc.nat(3)).map(([own, keeps, nth]) => {
    if (own === null || nth > 1) return null
    return keeps === undefined ? own : { ...own, max: Math.min(own.max, 1), keeps }
  })

/** Several jobs of few models, of which several may run at once: there is something to choose from. */
const groupable = (wish: fc.Arbitrary<Wish>): fc.Arbitrary<Wish> =>
  fc
    .tuple(wish, fc.constantFrom(['a'], ['a'], ['b'], ['b'], ['c'], ['a', 'b'], ['c', 'b'], null))
    .map(([own, needs]) => (needs === null ? own : { ...own, models: needs }))

/** Most policies group jobs by loaded models. */
const warming = (rules: fc.Arbitrary<Policy>): fc.Arbitrary<Policy> =>
  fc
    .tuple(
      rules,
      fc.record({
        maxPassed: fc.constantFrom(1, 2, 3, 16),
        maxPassedSeconds: fc.constantFrom(0, 1, 5, 5, 60),
        minLoadedSeconds: fc.constantFrom(0, 0, 1),
        loadSeconds: fc.constantFrom({}, { a: 5, '*': 2 }, { a: 12, b: 0, c: 3 }),
      }),
      fc.nat(5),
      fc.constantFrom({ '*': 4 }, { a: 2, '*': 3 }, null),
    )
    .map(([policy, warm, nth, roomy]) => {
      const isPlaced = Object.values(policy.capacity).some((rule) => typeof rule === 'object')
      const capacity = roomy === null || isPlaced ? policy.capacity : roomy
      return nth === 0 ? policy : { ...policy, capacity, warm }
    })

const usualClaim = fc.option(anyClaim, { nil: null, freq: 2 })
/** Several jobs at once, after some have gathered. */
const batchClaim: fc.Arbitrary<Claim | null> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      max: fc.constantFrom(1, 2),
      kinds: fc.constant(null),
      batches: fc.constantFrom([{ kind: '*', size: 4 }], [{ kind: 'normal', size: 3 }]),
    }),
  },
)

function arbitraryStep(act: fc.Arbitrary<Act>, claim: fc.Arbitrary<Claim | null>): fc.Arbitrary<Step> {
  return fc.record({
    elapsed: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 50 * MICROS_PER_MS }) },
      { weight: 2, arbitrary: fc.constantFrom(0, 500 * MICROS_PER_MS, 2_000 * MICROS_PER_MS) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 5_000 * MICROS_PER_MS }) },
    ),
    worker: fc.nat(99),
    claim,
    act,
  })
}

interface RunShape {
  readonly minLength?: number
  readonly maxLength: number
  /** Whether rules change and the queue drains within the run. */
  readonly steered?: boolean
  /** How many ids the jobs have among them: few, and they come again; many, and the lines grow long. */
  readonly ids?: number
  /** Whether policies name places; `units`: and these have units, of which jobs ask. */
  readonly places?: boolean | 'units'
  /** Whether processes say which places they serve. */
  readonly serves?: boolean
  /** Whether many jobs need the same models, and all who claim take several at once. */
  readonly batches?: boolean
  /** Whether jobs take models as a whole. */
  readonly wholes?: boolean
  /** Whether graphs come in one call, handlers add jobs, and jobs are cancelled with what comes after them. */
  readonly flows?: boolean
  /** Whether policies limit what jobs use. */
  /** `atStart`: some limits count at the start. */
  readonly uses?: boolean | 'atStart'
  /** Whether policies group jobs by loaded models, and processes say how many they keep. */
  readonly warm?: boolean
  /** Whether rules have patterns of models. */
  readonly patterns?: boolean
  /** Whether policies weigh what the keys of jobs have used. */
  readonly weights?: boolean
}

/** A run under some policy. */
export function arbitraryRun(shape: RunShape): fc.Arbitrary<readonly Step[]> {
  const { minLength = 1, maxLength, steered = true, ids = shape.warm === true ? 300 : 30 } = shape
  const {
    places = false,
    batches = false,
    wholes = false,
    flows = false,
    uses = false,
    serves = false,
    warm = false,
    weights = false,
  } = shape
  const isMeasured = places === 'units'
  const unlimited = isMeasured ? measuredRules : places ? placedRules : arbitraryRules
  const cold = uses ? limited(unlimited, uses === 'atStart') : unlimited
  const unweighed = warm ? warming(cold) : cold
  const rules = weights ? weighing(unweighed) : unweighed
  const named = (own: fc.Arbitrary<Wish>) => (weights ? withFairKey(own) : own)
  const wish = (own: fc.Arbitrary<Wish>) => (uses ? wishUsing(named(own)) : named(own))
  const plain = isMeasured
    ? actsFor(wish(askingOf(batches ? alikeOf(ids, false) : wishOf(ids, wholes))))
    : batches
      ? batchActs(wish(alikeOf(ids, wholes)))
      : actsFor(wish(wishOf(ids, wholes)))
  const flowing = flows ? [...plain, ...flowActs(wishOf(ids, wholes))] : plain
  const usual = uses ? flowing.map((one) => ({ ...one, arbitrary: actUsing(one.arbitrary) })) : flowing
  const busy = warm
    ? busyActs(isMeasured ? askingOf(wishOf(ids, wholes)) : groupable(wish(wishOf(ids, wholes))))
    : []
  const acts = [...usual, ...busy, ...(places ? placeActs : []), ...(serves ? serveActs : [])]
  const cool = serves ? servingClaim : batches ? batchClaim : usualClaim
  const claim = warm ? keeping(cool) : cool
  const all = steered ? [...acts, { weight: 3, arbitrary: steering(rules) }] : acts
  const first = arbitraryStep(of('set_policy', { policy: rules }), claim)
  const rest = fc.array(arbitraryStep(fc.oneof(...all), claim), { minLength, maxLength, size: 'max' })
  // Two processes, so that each has loaded something.
  const byTwo = (step: Step): Step => {
    const claim =
      step.act.type === 'complete' ? (step.claim ?? { max: 1, kinds: null, keeps: 1 }) : step.claim
    return warm && step.worker < 90 ? { ...step, claim, worker: step.worker % 2 } : step
  }
  const run = fc.tuple(first, rest).map(([policy, steps]) => [policy, ...steps].map(byTwo))
  return shape.patterns === true ? run.map((steps) => steps.map(withPatterns)) : run
}

/** Which sorts of things are on, each on its own, so that rules meet that nobody thought of together. In some runs none is. */
const someOn = fc.record({
  places: fc.constantFrom(false, true, 'units' as const),
  uses: fc.constantFrom(false, true, 'atStart' as const),
  serves: fc.boolean(),
  batches: fc.boolean(),
  wholes: fc.boolean(),
  flows: fc.boolean(),
  warm: fc.boolean(),
  patterns: fc.boolean(),
  weights: fc.boolean(),
})

const anyShape: fc.Arbitrary<Partial<RunShape>> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: someOn },
)

/** A run with any of them on, everything or nothing; `own`: and with these as they are. */
export const arbitraryAnyRun = (
  maxLength: number,
  own: Partial<RunShape> = {},
): fc.Arbitrary<readonly Step[]> => anyShape.chain((shape) => arbitraryRun({ maxLength, ...shape, ...own }))

/** What each model is called where rules have patterns, and by which key the policy has its rule. */
const patterned: Readonly<Record<string, readonly [name: string, key: string]>> = {
  ...{ a: ['x-a', 'x-a'], b: ['x-b', 'x-*'], c: ['x-c', '*-a'], d: ['y-a', 'y-*'] },
  ...{ e: ['y-b', '*-*'], f: ['zz', 'z*'], g: ['z', '*z'], x: ['t-x', 't-*'], y: ['t-y', 't-y'] },
}

function withPatterns(step: Step): Step {
  const own = renamed(step) as Step
  if (own.act.type !== 'set_policy') return own
  const { capacity, rate, holdAfterLossSeconds, models, uses, warm, ...rules } = own.act.policy
  const policy = {
    ...rules,
    ...{ capacity: keyed(capacity), rate: keyed(rate), holdAfterLossSeconds: keyed(holdAfterLossSeconds) },
    ...(models === undefined ? {} : { models: keyed(models) }),
    ...(uses === undefined ? {} : { uses: keyed(uses) }),
    ...(warm === undefined ? {} : { warm: { ...warm, loadSeconds: keyed(warm.loadSeconds) } }),
  }
  return { ...own, act: { ...own.act, policy } }
}

/** The same with the other names, wherever one stands. */
function renamed(value: unknown): unknown {
  if (typeof value === 'string') return patterned[value]?.[0] ?? value
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, own]) => [patterned[key]?.[0] ?? key, renamed(own)]),
  )
}

function keyed<Of>(rules: Readonly<Record<string, Of>>): Readonly<Record<string, Of>> {
  const keys = new Map(Object.values(patterned).map(([name, key]) => [name, key]))
  return Object.fromEntries(Object.entries(rules).map(([name, own]) => [keys.get(name) ?? name, own]))
}
