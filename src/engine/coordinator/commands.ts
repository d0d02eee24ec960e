import {
  type AttemptKey,
  type CommandBody,
  jobOf,
  modelsTwice,
  type TraceContext,
  type Uses,
} from '../core/index.ts'
import {
  type AnyKinds,
  checkKinds,
  enqueueBody,
  errorData,
  type JobsIn,
  jobsGiven,
  keptOf,
  type ParsedJob,
  type PolicyInput,
  parseDeclared,
  parseJobs,
  parseModel,
  parseModels,
  parsePause,
  parsePolicy,
  parseResult,
  parseTime,
  parseTimeOrNull,
  withNames,
} from '../events/index.ts'
import type { InboxRole } from '../store/index.ts'
import { type Enqueued, type EnqueueOptions, enqueueAnswers } from './api/calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import type { WholeOptions } from './api/options.ts'
import { cancelAlsoSubmitted, cancelSubmittedAfter } from './commit/commit-beside.ts'
import { enqueueInside } from './inbox/in-transaction.ts'
import { type JobsPut, type LargeCalls, MOST_AT_ONCE } from './inbox/large-calls.ts'
import type { Member } from './membership/member.ts'
import { AT_ONCE, type SendOptions } from './membership/member-api.ts'
import type { NoEffects } from './no-effect.ts'

type CommandCalls = Pick<
  Coordinator,
  | ('enqueue' | 'add' | 'claim' | 'complete' | 'fail' | 'release' | 'detach' | 'done')
  | ('cancel' | 'confirmCancel')
  | (
      | 'reprioritize'
      | 'setPolicy'
      | 'defineModels'
      | 'pauseModel'
      | 'resumeModel'
      | 'drain'
      | 'recover'
      | 'resume'
    )
>

const attemptOf = ({ jobId, fencingToken: token, epoch }: AttemptKey) => ({ jobId, token, epoch })

/** By which attempt jobs are added, if it is one. */
type EnterHow = Pick<CommandBody & { readonly type: 'enqueue' }, 'under'>

/** A claim without kinds takes any. */
const ofAnyKind = (options: SendOptions): SendOptions =>
  options.claim === undefined || options.claim.kinds !== undefined
    ? options
    : { ...options, claim: { ...options.claim, kinds: null } }

type CommandRole = Pick<InboxRole, 'cancelSubmitted' | 'cancelSubmittedAfter' | 'schema'>

/** The job with all that come after it, in parts: the job itself is in the last one. */
async function cancelAll(member: Member, store: CommandRole, jobId: string, force: boolean): Promise<void> {
  await member.catchUp()
  await cancelSubmittedAfter(store, { queue: member.log.queue, jobId }, member.ledger)
  const life = jobOf(member.ledger, jobId)?.queuedAt
  for (;;) {
    await member.send({ type: 'cancel', jobId, force, descendants: true })
    await member.catchUp()
    const job = jobOf(member.ledger, jobId)
    if (job === undefined || job.queuedAt !== life || job.cancelRequested) return
  }
}

/** The jobs that have no context of a trace of their own get that of the call. */
const tracedBy = (jobs: readonly ParsedJob[], context: TraceContext | undefined): readonly ParsedJob[] =>
  context === undefined ? jobs : jobs.map((job) => ({ ...job, trace: job.trace ?? context }))

/** What an attempt says that it has used. */
const usedIn = (used: Uses | undefined): { readonly used?: Uses } => (used === undefined ? {} : { used })

/** The writing side of a coordinator: each call is one command. */
export function commandsOf(
  member: Member,
  store: CommandRole,
  large: LargeCalls,
  { telemetry, contract }: Pick<WholeOptions, 'telemetry' | 'contract'>,
  effects: NoEffects,
): CommandCalls {
  const send = async (body: CommandBody): Promise<void> => void (await member.send(body))
  const started = async (body: CommandBody, options: SendOptions) =>
    (await member.send(body, ofAnyKind(options))).started
  const change = async (policy: PolicyInput): Promise<void> => {
    const madeAt = performance.now()
    await member.catchUp()
    const next = parsePolicy(policy, member.ledger.policy)
    effects.policy(next)
    await member.send({ type: 'set_policy', policy: next }, { madeAt })
  }
  const enter = async (
    given: JobsIn<AnyKinds>,
    how: EnterHow,
    { requestId }: EnqueueOptions = {},
  ): Promise<Enqueued> => {
    const madeAt = performance.now()
    const whole = jobsGiven(given, { contract, requestId })
    const { jobs, ids } = whole
    if (contract?.schemas !== undefined) await checkKinds(contract, jobs)
    const parsed = parseJobs(jobs)
    await effects.jobs(jobs, (at) => `jobs[${at}].`)
    if (parsed.length === 0) return { jobId: '', ids, queued: 0, known: [], waiting: [], jobs: [] }
    const specs = parsed.map(({ spec }) => spec)
    const body = { ...enqueueBody(parsed), ...how }
    const put = (context?: TraceContext): Promise<JobsPut> => {
      if (parsed.length <= MOST_AT_ONCE && requestId === undefined)
        return member.send(body, { data: keptOf(parsed, context), madeAt })
      const traced = tracedBy(parsed, context)
      if (how.under !== undefined) return large.add(body, traced, { madeAt })
      const id = requestId ?? member.incarnation.nextCommandId()
      const known = { requestId: id, mayBeKnown: requestId !== undefined, waits: true }
      return large.enqueue({ jobs: traced, madeAt, ...known })
    }
    const sent =
      telemetry === undefined ? put() : telemetry.send({ queue: member.log.queue, jobs: parsed }, put)
    const {
      waiting,
      known = [],
      doubles = [],
    } = await sent.catch((error: unknown) => {
      throw withNames(error, whole)
    })
    const queued = new Set(specs.map(({ jobId }) => jobId)).size - known.length - doubles.length
    const [{ jobId } = { jobId: '' }] = specs
    return { jobId, ids, queued, known, waiting, jobs: enqueueAnswers(specs, doubles) }
  }
  return {
    enqueue: async (jobs, options = {}) => {
      const { in: sql, requestId, notify } = options
      if (sql === undefined) return enter(jobs, {}, options)
      await effects.jobs([jobs].flat(), (at) => `jobs[${at}].`)
      const { schema } = store
      return enqueueInside(sql, jobs, { queue: member.log.queue, contract, requestId, notify, schema })
    },
    add: (lease, jobs) => enter(jobs, { under: attemptOf(lease) }),
    claim: async ({ max, kinds = null, batches, serves, keeps }, { known = false } = {}) => {
      effects.serves(serves)
      member.says({ serves, keeps })
      return started(
        { type: 'claim' },
        {
          claim: {
            max,
            kinds,
            ...(batches && { batches }),
            ...(serves && { serves }),
            ...(keeps && { keeps }),
          },
          isLook: known,
        },
      )
    },
    complete: async (lease, { claim, result, used } = {}) => {
      const data = result === undefined ? [] : [{ jobId: lease.jobId, result: parseResult(result) }]
      return started({ type: 'complete', ...attemptOf(lease), ...usedIn(used) }, { claim, data })
    },
    fail: async (lease, { code = 'handler_error', retryAt: when, error, claim, trace, used } = {}) => {
      const { jobId } = lease
      const kept = { ...(error !== undefined && { error: errorData(error) }), ...(trace && { trace }) }
      const data = error === undefined && trace === undefined ? [] : [{ jobId, ...kept }]
      const retryAt = when === undefined ? AT_ONCE : parseTimeOrNull(when, 'retryAt')
      return started({ type: 'fail', ...attemptOf(lease), code, retryAt, ...usedIn(used) }, { claim, data })
    },
    release: async (lease, reason, when = null, { claim, models, trace, used } = {}) => {
      const runAt = parseTimeOrNull(when, 'runAt')
      member.slips.tell(modelsTwice(models), `Job ${lease.jobId}: `)
      const next = { ...(models === undefined ? {} : { models: parseModels(models) }), ...usedIn(used) }
      const data = trace === undefined ? [] : [{ jobId: lease.jobId, trace }]
      return started({ type: 'release', ...attemptOf(lease), reason, runAt, ...next }, { claim, data })
    },
    detach: async (lease, { until }) =>
      send({ type: 'detach', ...attemptOf(lease), until: parseTime(until, 'until') }),
    done: (lease, model, { claim } = {}) =>
      started({ type: 'done', ...attemptOf(lease), model: parseModel(model) }, { claim }),
    cancel: (jobId, { force = false, descendants = false } = {}) =>
      cancelAlsoSubmitted(store, { queue: member.log.queue, jobId }, () =>
        descendants ? cancelAll(member, store, jobId, force) : send({ type: 'cancel', jobId, force }),
      ),
    confirmCancel: (lease, { claim, used } = {}) =>
      started({ type: 'confirm_cancel', ...attemptOf(lease), ...usedIn(used) }, { claim }),
    reprioritize: (jobId, to) => {
      // Adding 0 turns -0 into 0: a database never returns -0.
      const place = 'before' in to ? { before: to.before } : { priority: to.priority + 0 }
      return send({ type: 'reprioritize', jobId, ...place })
    },
    setPolicy: change,
    defineModels: async (models) => change({ models: parseDeclared(models) }),
    pauseModel: async (given, options) => {
      const body = { type: 'pause_model', model: parseModel(given), ...parsePause(options) } as const
      await effects.pause(body.model)
      return send(body)
    },
    resumeModel: async (given) => {
      const model = parseModel(given)
      await effects.resume(model)
      return send({ type: 'resume_model', model })
    },
    drain: () => send({ type: 'drain' }),
    recover: async () => {
      const madeAt = performance.now()
      await member.catchUp()
      const { epoch } = member.ledger
      // One command detaches a limited number of attempts.
      while (member.ledger.epoch === epoch) await member.send({ type: 'recover' }, { madeAt })
    },
    resume: () => send({ type: 'resume' }),
  }
}
