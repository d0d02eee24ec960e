import { blockerOf } from './blocking.ts'
import type { ReasonCode } from './event.ts'
import { attemptText, type Micros } from './job.ts'
import { isInLine, type Job, jobOf, type LedgerView, modelOf, type Pause, triesOf } from './ledger.ts'
import { isOfferLive } from './offered.ts'
import { pauseOf } from './pausing.ts'
import { capacityOf } from './policy.ts'
import { type HasWorker, waitingFor } from './reason.ts'
import { type Standing, standingOf } from './standing.ts'

/** One model that the job needs, and the place of the job in its line. */
export interface ModelPlace {
  readonly model: string
  readonly capacity: number
  /** Active jobs that have it. */
  readonly holders: readonly string[]
  /** How many due jobs stand ahead in its line. */
  readonly ahead: number
  /** The nearest of them first; at most ten. */
  readonly aheadIds: readonly string[]
  /** The pause of the model; null: it is not paused. */
  readonly paused: Pick<Pause, 'reason' | 'by' | 'since' | 'until'> | null
}

/** A live job: why it does not run, which job it waits for, and what has to happen. */
export interface Explanation {
  readonly jobId: string
  readonly state: 'waiting' | 'active'
  /** The same in the words of the job's statechart. */
  readonly standing: Standing
  /** Null for an active job. */
  readonly code: ReasonCode | null
  readonly reason: string
  readonly blockedBy: string | null
  readonly models: readonly ModelPlace[]
  /** Its place in the line of the whole queue, from 0; null if it stands in no line. */
  readonly position: number | null
  /** The job it waits for, the job that one waits for, and so on, up to one that waits for none. At most 100. */
  readonly chain: readonly string[]
  /** How many later jobs that share a model have gone first. */
  readonly overtaken: number
  readonly whatHasToHappen: string
}

const MOST_IN_CHAIN = 100
const MOST_AHEAD = 10

/** Explains a live job; undefined for one that is not live: only the log knows how it ended. */
export function explainJob(
  ledger: LedgerView,
  jobId: string,
  now: Micros,
  hasWorker?: HasWorker,
): Explanation | undefined {
  const job = jobOf(ledger, jobId)
  if (job === undefined) return undefined
  const models = job.spec.models.map((name) => placeOn(ledger, job, name))
  const common = { jobId, standing: standingOf(job), models, overtaken: job.overtaken }
  if (job.active) {
    const isDetached = job.detachedUntil !== null
    const whatHasToHappen = isDetached
      ? 'nothing: it ends when somebody with its fencing token says so, or when its time is over'
      : 'nothing: it ends when its worker says so, or when the lease of its worker runs out'
    const where = isDetached ? 'detached from its worker' : `in worker ${job.workerId}`
    const reason = `it runs ${where}, ${attemptText(triesOf(job))}`
    return {
      ...common,
      state: 'active',
      code: null,
      reason,
      blockedBy: null,
      position: null,
      chain: [],
      whatHasToHappen,
    }
  }
  const { code, reason, blockedBy } = waitingFor(ledger, job, now, hasWorker)
  return {
    ...common,
    state: 'waiting',
    code,
    reason,
    blockedBy,
    position: isInLine(job) ? ledger.line.rank(job.place) : null,
    chain: chainOf(ledger, blockedBy),
    whatHasToHappen: whatHasToHappen(code, blockedBy, ledger.epoch) + passable(ledger, job, now),
  }
}

function placeOn(ledger: LedgerView, job: Job, name: string): ModelPlace {
  const model = modelOf(ledger, name)
  const ahead = !isInLine(job) ? 0 : model.line.rank(job.place)
  const aheadIds: string[] = []
  for (let i = ahead - 1; i >= 0 && aheadIds.length < MOST_AHEAD; i--)
    aheadIds.push(model.line.at(i)?.jobId ?? '')
  const holders = [...model.holders].map((place) => place.jobId)
  const pause = pauseOf(ledger, name)
  const paused = pause === undefined ? null : pausePart(pause)
  return { model: name, capacity: capacityOf(ledger.policy, name), holders, ahead, aheadIds, paused }
}

function pausePart({ reason, by, since, until }: Pause): ModelPlace['paused'] {
  return { reason, by, since, until }
}

/** The job that it waits for now, and from there on by what the rows say. */
function chainOf(ledger: LedgerView, blockedBy: string | null): string[] {
  const chain: string[] = []
  for (let jobId = blockedBy; jobId !== null && !chain.includes(jobId) && chain.length < MOST_IN_CHAIN; ) {
    chain.push(jobId)
    const job = jobOf(ledger, jobId)
    jobId = job === undefined || !isInLine(job) ? null : (blockerOf(ledger, job)?.jobId ?? null)
  }
  return chain
}

/** Its offer has run out, so it keeps nothing from jobs of other kinds. */
function passable(ledger: LedgerView, job: Job, now: Micros): string {
  if (job.offeredAt === null || isOfferLive(ledger, job, now)) return ''
  return '; nobody took it in time, so jobs of other kinds may pass it until somebody does'
}

function whatHasToHappen(code: ReasonCode, blockedBy: string | null, epoch: number): string {
  const blocker = blockedBy === null ? 'the job in the way' : `job ${blockedBy}`
  switch (code) {
    case 'draining':
      return epoch === 1
        ? 'resume the queue: `interlock resume`'
        : 'if a backup was restored, say how each running job ended: `interlock recover`; then `interlock resume`'
    case 'not_due':
      return 'nothing: it joins the line when its time comes'
    case 'model_paused':
      return 'the model has to be resumed, or its pause has to end: then it stands in line at its place'
    case 'rate_limited':
      return 'nothing: it starts when the window of the rate opens'
    case 'fair_share_limit':
      return 'a job with its fair key has to end, or raise its share: `interlock policy set --share-active <n>`'
    case 'model_in_use':
    case 'behind_in_line':
      return `${blocker} has to end; it then starts by itself`
    case 'serialized':
      return `${blocker} has to end, or allow more jobs at once: \`interlock policy set --policy by-model\``
    case 'at_capacity':
      return 'an active job has to end, or raise maxActive: `interlock policy set --max-active <n>`'
    case 'no_worker':
      return 'start a worker that claims jobs of its kind'
    case 'offered':
      return 'a worker with a free slot takes it within its next poll'
  }
}
