/** Commands with values that nobody should give, for whatever takes commands: every public call, and the door for SQL. */
import fc from 'fast-check'
import type { Coordinator } from '../../src/engine/coordinator/index.ts'
import type { AttemptKey } from '../../src/engine/core/index.ts'

const odd: readonly unknown[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, -0, 1.5, -1, 2e9, 1e300, -1e300, 2 ** 53, 5e-324, 10n],
  ...['', '\0', 'a\0b', '\ud800', 'x'.repeat(201), '__proto__', 'E_TIMEOUT', 'provider_busy', '9999-12-31'],
  ...[null, undefined, true, [], {}, [Number.NaN], [['m']], { ['__proto__']: 1 }, Symbol('s'), () => 1],
  ...[new Date(Number.NaN), new Date(8.64e15), new Date(-1), new Date('9999-12-31T00:00:00Z'), new Date(0)],
  ...[31_536_000, 1_000, -1_000, 1_001, 3_600, 'drained', 'retry', 'unknown_end', 'handler_error', ['*']],
]

const hostile = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...odd) },
  { weight: 1, arbitrary: fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }) },
)
/** Mostly what is right, so that the hostile value gets as far as it can. */
const or = (...good: readonly unknown[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: hostile })
const fields = (model: Readonly<Record<string, fc.Arbitrary<unknown>>>, required = Object.keys(model)) =>
  fc.record(model, { requiredKeys: [...required], noNullPrototype: true })

const id = or('a', 'b', 'c', 'd', 'e')
const models = or(['m'], ['n'], ['m', 'n'], [])
const time = or(new Date('2254-12-31'), new Date('2200-01-01'), new Date('9999-12-31'), null)
const priority = or(0, 1, 1_000, -1_000)

const jobFields = {
  ...{ jobId: id, jobType: or('normal', 'workflow'), kind: or('k'), models, priority, runAt: time },
  ...{ attempts: or(1, 1_000), timeoutMs: or(1, 31_536_000_000), expireMs: or(1, 31_536_000_000, null) },
  ...{ fairKey: or('f', null), tag: or('t', null), asks: or({ m: { u: 1 } }, null), payload: hostile },
}
const job = fields(jobFields, ['jobId', 'models'])
const policy = or(
  ...['serial', 'by-model', { ageSeconds: 31_536_000 }, { ageSeconds: null }, { ageSeconds: 0.1 }],
  ...[{ maxActive: null }, { fairShare: { spacingSeconds: 3_600 } }, { emptySet: 'exclusive' }],
)
const policyFields = fields(
  {
    ...{
      maxActive: hostile,
      capacity: hostile,
      ageSeconds: hostile,
      maxOvertakes: hostile,
      offerMs: hostile,
    },
    ...{ rate: or({ m: { starts: 1, perSeconds: 1 } }), holdAfterLossSeconds: hostile, fairShare: hostile },
  },
  [],
)
const claim = fields({ max: or(1, 3), kinds: or(null, ['normal']) }, ['max'])

/** A call of the coordinator; what it answers, or refuses, is its own affair. */
interface Call {
  readonly name: string
  readonly with: readonly unknown[]
  /** Which of the attempts that run it speaks of, if it speaks of one. */
  readonly attempt?: number
}

const call = (name: keyof Coordinator, ...args: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<Call> =>
  fc.tuple(...args).map((given) => ({ name, with: given }))
const ofAnAttempt = (name: keyof Coordinator, ...args: readonly fc.Arbitrary<unknown>[]) =>
  fc.tuple(fc.nat(3), ...args).map(([attempt, ...given]): Call => ({ name, with: given, attempt }))

export const hostileCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: call('enqueue', fc.oneof(fc.array(job, { maxLength: 3 }), hostile)) },
  { weight: 4, arbitrary: call('claim', fc.constant({ max: 2, kinds: null })) },
  call('claim', claim),
  ofAnAttempt('complete', fields({ result: hostile, claim })),
  {
    weight: 2,
    arbitrary: ofAnAttempt(
      'fail',
      fields({ code: or('handler_error', 'timed_out'), retryAt: time, error: hostile }),
    ),
  },
  {
    weight: 2,
    arbitrary: ofAnAttempt('release', or('later', 'retry', 'drained'), time, fields({ models, claim })),
  },
  ofAnAttempt('detach', fields({ until: time }, ['until'])),
  ofAnAttempt('done', or('m', 'n')),
  ofAnAttempt('confirmCancel'),
  ofAnAttempt('note', fields({ checkpoint: hostile, progress: hostile })),
  call('cancel', id, fields({ force: or(true, false) })),
  { weight: 3, arbitrary: call('reprioritize', id, fields({ priority })) },
  call('reprioritize', id, fields({ before: id, type: hostile })),
  call('setPolicy', fc.oneof(policy, policyFields)),
  call('pauseModel', or('m', 'n'), fields({ reason: or('busy'), until: time }, ['reason'])),
  call('resumeModel', or('m', 'n')),
  call('onJobStart', id, or('normal'), models, fields({ priority, kind: hostile, payload: hostile })),
  call(
    'onJobComplete',
    id,
    or('normal'),
    fields({ outcome: or('failed'), fencingToken: or(1), error: hostile }),
  ),
  call('takeUp', id),
  call('resume'),
  fc.constantFrom<Call>({ name: 'drain', with: [] }, { name: 'recover', with: [] }),
  call('forget', fc.array(id, { maxLength: 2 })),
  call('data', fc.array(id, { maxLength: 2 })),
  call('explain', id),
  call('retryDead', fields({ jobIds: fc.array(id, { maxLength: 3 }), model: or('m') })),
  call('dropDead', fields({ jobIds: fc.array(id, { maxLength: 3 }) }, ['jobIds'])),
)

/** Carries it out; true if it was not refused. */
export async function carryOut(
  coordinator: Coordinator,
  { name, with: args, attempt }: Call,
): Promise<boolean> {
  const running = coordinator.state().active()
  const at = running[(attempt ?? 0) % Math.max(1, running.length)]
  const lease: AttemptKey = {
    jobId: at?.jobId ?? 'a',
    fencingToken: at?.fencingToken ?? 1,
    epoch: coordinator.state().epoch,
  }
  const method = Reflect.get(coordinator, name) as (...given: readonly unknown[]) => unknown
  try {
    await Reflect.apply(method, coordinator, attempt === undefined ? [...args] : [lease, ...args])
    return true
  } catch {
    return false
  }
}

/** What SQL can say: JSON, and nothing that jsonb refuses. */
const json = hostile.map((value) => {
  try {
    const text = JSON.stringify(value)
    return text === undefined || /\\u0000|\\ud[89a-f]/i.test(text) ? null : (JSON.parse(text) as unknown)
  } catch {
    return null
  }
})
const said = (...good: readonly unknown[]) => fc.oneof(fc.constantFrom(...good), json)
const request = (type: string, model: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fields(model).map((given) => ({ type, ...given }))
const ofToken = { job_id: said('a', 'b', 'c'), token: said(1, 2, 3, 4, 5), worker_id: said('sql-worker') }
const sqlJob = fields(
  {
    ...{ job_id: said('a', 'b', 'c', 'f'), models: said(['m'], []), priority: said(0, 1_000), kind: json },
    ...{ run_at: said('2254-12-31T00:00:00Z', '9999-12-31T00:00:00Z'), attempts: json, expire_ms: json },
    ...{ fair_key: json, payload: json, timeout_ms: json },
  },
  ['job_id', 'models'],
)

/** What `job_queue_request` may be given. */
export const hostileRequest: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  request('enqueue', { jobs: fc.oneof(fc.array(sqlJob, { maxLength: 3 }), json) }),
  request('start', { worker_id: said('sql-worker'), job: sqlJob, wait: said(true, false) }),
  request('claim', { worker_id: said('sql-worker'), max: said(1, 2), kinds: said(null, ['normal']) }),
  request('complete', { ...ofToken, result: json }),
  request('fail', {
    ...ofToken,
    code: said('timed_out'),
    retry_seconds: said(0, 31_536_000, 1e12),
    error: json,
  }),
  request('release', {
    ...ofToken,
    reason: said('later'),
    seconds: said(31_536_000, 1e300),
    models: said(['n']),
  }),
  request('confirm_cancel', ofToken),
  request('detach', { ...ofToken, until: said('2200-01-01T00:00:00Z', '9999-12-31T00:00:00Z') }),
  request('done', { ...ofToken, model: said('m', 'n', ''), epoch: json }),
  request('cancel', { job_id: said('a', 'b'), force: said(true), queued_at: json }),
)
