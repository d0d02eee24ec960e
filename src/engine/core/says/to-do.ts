import { classOf } from '../line/classes.ts'
import { timesPassed } from '../line/passes.ts'
import { tier } from '../needs/limits/share.ts'
import { lacking } from '../needs/need.ts'
import { isOfferLive } from '../needs/offer-expiry.ts'
import { reasonTexts } from '../needs/reasons.ts'
import { isInLine, type Job, triesOf } from '../state/job.ts'
import { jobOf, modelOf, pauseOf } from '../state/ledger.ts'
import { firstPause } from '../state/pause.ts'
import { isServed } from '../state/serving.ts'
import { placesFor } from '../state/units.ts'
import { MICROS_PER_SECOND } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import { activeLimits } from '../values/policy.ts'
import { operand } from '../values/safe-text.ts'
import { type Diagnosis, diagnosisOf } from './diagnosis.ts'
import {
  hasDecider,
  type JobRecord,
  type QueueFacts,
  type SubmittedCommand,
  serversAtPlaces,
  serversOf,
} from './facts.ts'

/** What has to happen before the job goes on, and who does it. */
export function toDoFor(facts: QueueFacts, job: Job, diagnosis: Diagnosis): string {
  if (job.active) return toDoForActive(facts, job, diagnosis)
  return toDoForWaiting(facts, job, diagnosis) + passable(facts, job)
}

function toDoForActive(facts: QueueFacts, job: Job, { code }: Diagnosis): string {
  const { jobId } = job
  if (facts.ending?.has(jobId) === true) return decides(facts)
  switch (code) {
    case 'late':
      return 'its worker has to send a heartbeat again: it is paused, starved of CPU, or cut off from the database; once its lease has run out, another process gives the job back'
    case 'lost':
      return hasDecider(facts)
        ? `nothing: a process gives it back within 5 s; ${afterLoss(job)}`
        : `start a process of Interlock: any process gives it back within 5 s; ${afterLoss(job)}`
    case 'overdue':
      return `${recorder(facts)}, which ends this attempt; or: \`npx interlock-queue cancel --force ${operand(jobId)}\``
    default:
      return job.detachedUntil === null ? runs(job) : detached(facts)
  }
}

function runs({ jobId, cancelRequested }: Job): string {
  return cancelRequested
    ? `its worker has to stop and confirm; \`npx interlock-queue cancel --force ${operand(jobId)}\` frees its models at once`
    : 'nothing: it ends when its worker says so, or when the lease of its worker runs out'
}

/** A restore detaches what ran, since nobody knows how it ended. */
function detached({ ledger: { draining, epoch } }: QueueFacts): string {
  return draining && epoch > 1
    ? 'if a backup was restored, say how it ended: `npx interlock-queue recover`; else it ends when somebody with its fencing token says so'
    : 'nothing: it ends when somebody with its fencing token says so, or when its time is over'
}

function afterLoss(job: Job): string {
  if (job.cancelRequested) return 'it is then cancelled, as it was asked to stop'
  const { attempt, attempts } = triesOf(job)
  return attempt < attempts ? 'it is then tried again' : 'it then fails for good: this was its last attempt'
}

/** Who records that a time has passed. One that is alive should have done so by now. */
const recorder = (facts: QueueFacts): string =>
  hasDecider(facts)
    ? 'look at the log of the processes: one of them should have recorded it'
    : 'start a process of Interlock'

function toDoForWaiting(facts: QueueFacts, job: Job, { code, blockedBy }: Diagnosis): string {
  const blocker = blockedBy === null ? 'the job in the way' : `job ${blockedBy}`
  switch (code) {
    // A job that waits has no other fault.
    case 'overdue':
    case 'late':
    case 'lost':
    case null:
      return recorder(facts)
    case 'draining':
      return facts.ledger.epoch === 1
        ? reasonTexts.draining.remedy
        : 'if a backup was restored, say how each running job ended: `npx interlock-queue recover`; then `npx interlock-queue resume`'
    case 'waits_for_parents':
      return blockedBy === null
        ? `nothing: ${hasDecider(facts) ? 'a process' : 'any process, once one is alive,'} puts it in line, or ends it`
        : `${blocker} has to end; it then joins the line by itself`
    case 'rate_limited':
      return `nothing: ${forRate(facts, job)}`
    case 'fair_share_limit':
      return forShare(facts, job)
    case 'model_in_use':
    case 'behind_in_line':
      return `${blocker} has to end; it then starts by itself`
    case 'serialized':
      return `${blocker} has to end, or allow more jobs at once: \`npx interlock-queue policy set --policy by-model\``
    case 'no_worker':
      return noWorker(facts, job)
    default:
      return reasonTexts[code].remedy
  }
}

/** Each time that the window opens, those ahead start first. */
function forRate({ ledger }: QueueFacts, { position, spec }: Job): string {
  const ahead = Math.max(0, ...spec.models.map((model) => modelOf(ledger, model).line.rank(position)))
  if (ahead === 0) return 'it starts when the window of the rate opens'
  return `${ahead === 1 ? 'one job' : `${numberText(ahead)} jobs`} ahead of it in line may start first; then it starts when the window of the rate opens`
}

/** Its tier has no room, or its own key has none, by what its tier says or by what all keys have. */
function forShare({ ledger, now }: QueueFacts, job: Job): string {
  const whose = lacking({ ledger, now }, job, tier, 'kept') ? 'of its tier' : 'with its fair key'
  const isOfTier = activeLimits({ ...ledger.policy, fairShare: null }, job.spec.fairKey ?? '').own !== null
  return isOfTier || whose === 'of its tier'
    ? `a job ${whose} has to end, or raise what the tier may have: \`npx interlock-queue policy set --tier <tier=n/m>\``
    : `a job ${whose} has to end, or raise its share: \`npx interlock-queue policy set --share-active <n>\``
}

function noWorker({ workers, ledger }: QueueFacts, job: Job): string {
  const { kind } = job.spec
  if (job.held !== null) return `start a worker for ${kind} that serves it (\`serves\`)`
  if (
    workers !== null &&
    serversOf(workers, kind).length > 0 &&
    serversAtPlaces(ledger, workers, job).length === 0
  )
    return `start a worker for ${kind} that serves ${Object.values(job.places ?? {}).join(', ')}`
  return serversOf(workers ?? [], kind).length === 0
    ? `start a worker with a handler for ${kind}`
    : `a job has to end in a worker for ${kind}, or start one with more slots (concurrency)`
}

/** Its offer has run out, so it keeps nothing from jobs of other kinds. */
function passable({ ledger, now }: QueueFacts, job: Job): string {
  if (job.offeredAt === null || isOfferLive(ledger, job, now)) return ''
  return '; nobody took it in time, so jobs of other kinds may pass it until somebody does'
}

/** What else stands in the way of a live job, or will. @param chain the jobs that it waits for */
export function alsoOf(
  facts: QueueFacts,
  job: Job,
  diagnosis: Diagnosis,
  chain: readonly string[],
): string[] {
  return [
    ...inTheWay(facts, chain),
    ...unattended(facts, job, diagnosis),
    ...unservedTexts(facts, job),
    ...passedText(facts, job),
  ]
}

/** Places where it could be, and that no live process serves, while it waits in line for others of the same model. */
function unservedTexts({ ledger }: QueueFacts, job: Job): string[] {
  if (!isInLine(job) || ledger.servers.length === 0) return []
  return job.spec.models.flatMap((model) => {
    const away = (placesFor(ledger.policy, job.spec, model) ?? []).filter(
      (place) => pauseOf(ledger, place) === undefined && !isServed(ledger.servers, place),
    )
    return away.length === 0 ? [] : [`no live process serves ${away.join(', ')}, where ${model} could be too`]
  })
}

/** How often it was passed by jobs whose models were loaded. Of others that are alike the same starts count. */
function passedText({ ledger, now }: QueueFacts, job: Job): string[] {
  const passes = isInLine(job) ? classOf(ledger, job)?.passes : job.passes
  const { warm } = ledger.policy
  if (passes == null || warm === undefined) return []
  const { times, since } = timesPassed(passes, ledger.policy, now, job.position)
  const seconds = Math.max(0, Math.floor((now - since) / MICROS_PER_SECOND))
  return times === 0
    ? []
    : [
        `it was passed ${times} of ${warm.maxPassed} times, ${seconds} of ${warm.maxPassedSeconds} s, for warm models`,
      ]
}

/** The job at the end of the chain does not go on by itself. */
function inTheWay(facts: QueueFacts, chain: readonly string[]): string[] {
  const last = jobOf(facts.ledger, chain.at(-1) ?? '')
  if (last === undefined) return []
  const diagnosis = diagnosisOf(facts, last)
  const isStuck = last.active
    ? diagnosis.code !== null
    : diagnosis.code === 'no_worker' && isForNobody(facts, last)
  return isStuck ? [`job ${last.jobId}: ${diagnosis.reason}: ${toDoFor(facts, last, diagnosis)}`] : []
}

/** Processes are alive, and none has a handler for its kind, which may be a slip. */
const isForNobody = (facts: QueueFacts, { spec }: Job): boolean =>
  hasDecider(facts) && serversOf(facts.workers ?? [], spec.kind).length === 0

/** A dashboard, or a command that looks, does not join the queue: nobody can tell that it is there. */
const nobodyDecides = 'no process is alive that goes on with it (a dashboard only looks): start a worker'

/** Nobody is there to do the next step once the present reason is over. */
function unattended(facts: QueueFacts, job: Job, { code }: Diagnosis): string[] {
  const { workers, ledger, now } = facts
  if (job.active || workers === null || code === 'no_worker' || code === 'overdue') return []
  const until = code === 'model_paused' ? firstPause(ledger, job.spec)?.until : null
  if (!hasDecider(facts))
    return [
      until != null && until <= now ? `the pause of its model is over, and ${nobodyDecides}` : nobodyDecides,
    ]
  const { kind } = job.spec
  return serversOf(workers, kind).length === 0 ? [`no live worker has a handler for ${kind}`] : []
}

/** What came in about the job beside what is told of it, and that its row is behind. */
export function alsoKnown(
  facts: Pick<QueueFacts, 'workers'>,
  { commands, behind }: JobRecord,
  diagnosis?: SubmittedCommand,
): string[] {
  const known = commands
    .filter((command) => command !== diagnosis)
    .map((command) => commandText(facts, command))
  return isBehind(facts, behind)
    ? [
        ...known,
        `its row of jobs is behind the log by ${behind?.events} of its events, so it shows an older state`,
      ]
    : known
}

function commandText(facts: Pick<QueueFacts, 'workers'>, command: SubmittedCommand): string {
  const { type, requestId, refusal, held } = command
  if (held !== null)
    return `another job of this id was submitted (request ${requestId}), ${held.code}: ${heldText(held.code)}`
  return refusal === null
    ? `${type} (request ${requestId}) is undecided: ${decisionText(facts)}`
    : `${type} (request ${requestId}) was refused, ${refusal.code}: ${refusal.message}`
}

/** What an undecided command needs. */
export const decides = (facts: Pick<QueueFacts, 'workers'>): string =>
  `${hasDecider(facts) ? 'nothing: ' : ''}${decisionText(facts)}`

/** What brings a submitted job into line that was put off. */
export function heldText(code: string): string {
  switch (code) {
    case 'job_exists':
      return 'nothing: it comes into line when the other job with its id has ended, or its time is over'
    case 'unknown_model':
      return 'declare the model: `npx interlock-queue policy set --models <model>`; it then comes into line by itself'
    case 'models_required':
      return 'allow jobs without models: `npx interlock-queue policy set --empty-set bypass`; it then comes into line by itself'
    case 'schedule_owned':
      return 'cancel it, and submit it again under another id: a schedule gives this one to its own jobs'
    case 'parent_unknown':
      return 'enqueue the job that it comes after; it then comes into line by itself. If that one is never to come, cancel this one'
    case 'flow_cycle':
      return 'cancel one of these jobs, and submit it again without that link'
    default:
      return 'upgrade the processes of this queue: none could read it'
  }
}

const decisionText = (facts: Pick<QueueFacts, 'workers'>): string =>
  hasDecider(facts)
    ? 'a process of Interlock decides it within 5 s'
    : 'start a process of Interlock on this queue, any process decides it'

/** Only a fault makes writing to the user's tables slower than this. */
const BEHIND_MS = 10_000

function isBehind(facts: Pick<QueueFacts, 'workers'>, behind: JobRecord['behind']): boolean {
  if (behind === null || behind.events === 0) return false
  return !hasDecider(facts) || (behind.ageMs ?? 0) > BEHIND_MS
}
