import { type Standing, standingOf } from '../fold/law/state.ts'
import { turnTexts } from '../line/fair-queue.ts'
import { blockerOf } from '../needs/blocking.ts'
import { overrunText, usedOf } from '../needs/meter.ts'
import { firstParentOf, flowOf } from '../state/flow.ts'
import { awaitsParents, failedTimes, isInLine, type Job } from '../state/job.ts'
import { jobOf, type LedgerView, modelOf, type Pause, pauseOf } from '../state/ledger.ts'
import type { OpenParent } from '../state/parents.ts'
import { placeFor, siteOf } from '../state/site.ts'
import { type JobOutcome, type Micros, takesAllOf } from '../values/job.ts'
import { capacityOf, limitKeyOf, patternsFor, placesOf } from '../values/policy.ts'
import { byPosition, type LinePosition } from '../values/position.ts'
import type { Tree } from '../values/tree.ts'
import { diagnosisOf, type JobCode, type LiveCode } from './diagnosis.ts'
import type { JobRecord, Operator, QueueFacts, SubmittedCommand } from './facts.ts'
import { type FailedTries, failedTriesOf } from './failed-tries.ts'
import { type NotLive, notLive } from './not-live.ts'
import { alsoOfSchedule, notDueYet } from './scheduled-job.ts'
import { alsoKnown, alsoOf, toDoFor } from './to-do.ts'

/** One model that the job needs, and where the job stands in its line. */
export interface ExplainedModel {
  /** Which model. */
  readonly model: string
  /** How many jobs may have it at once, or how many places it has: one with units holds several jobs. */
  readonly capacity: number
  /** Active jobs that have it. */
  readonly holders: readonly string[]
  /** How many due jobs stand ahead in its line. */
  readonly ahead: number
  /** Of a model that has places: the one that it has, or the one that is kept for it; null: none is. Absent: the model has a number of them. */
  readonly place?: string | null
  /** True: it has the model alone (docs/inside/conflict-rules.md#shared-and-exclusive). Absent: it takes one place. */
  readonly whole?: true
  /** By rule of the policy (`capacity`, `rate`, …) the pattern from which it comes (docs/guides/policies.md#rules-for-many-models), such as `lora-*`. Absent: none comes from one. */
  readonly rules?: Readonly<Record<string, string>>
  /** Those ahead, the nearest first; at most ten. */
  readonly aheadIds: readonly string[]
  /** `{ reason, by, who, since, until }`: the pause of the model; null: it is not paused. */
  readonly paused:
    | (Pick<Pause, 'reason' | 'by' | 'since' | 'until'> & { readonly who: Operator | null })
    | null
}

/** A job that another one comes after. */
export interface ExplainedParent {
  /** Which job. */
  readonly jobId: string
  /** What becomes of the job if this one does not complete: `fail` or `continue`. */
  readonly ifFailed: 'fail' | 'continue'
  /** How it ended; null: it has not. */
  readonly outcome: JobOutcome | null
  /** What keeps it; null: nothing does, it runs or has ended. */
  readonly code: LiveCode | null
  /** What is with it, in a sentence; null: it has ended. */
  readonly reason: string | null
  /** When that is over by itself, such as its next try; null: nobody knows, or it has ended. */
  readonly until: Micros | null
  /** How many of its attempts have failed so far. */
  readonly failed: number
}

interface Explained {
  /** Which job. */
  readonly jobId: string
  /**
   * `waiting` or `active`. `submitted`: nobody has taken it in yet. `refused`: it never came in. `ended`. `archived`: if it ever was, its events are
   * not in the log any more. `unknown`: the log has never heard of it, but there is a row of `jobs`, or there are more commands by SQL than were
   * looked at.
   */
  readonly state: 'waiting' | 'active' | NotLive['state']
  /**
   * Of a live job its state in the words of its statechart (docs/inside/state-machines.md): `for_parents`, `not_due`, `held` (a model is paused),
   * `in_line`, `offered` (it may start, and nobody has taken it), `running`, `cancelling`, `detached`. Of any other as `state`.
   */
  readonly standing: Standing | NotLive['state']
  /** What keeps it, why it was refused, or how it ended (docs/inside/conflict-rules.md#state-and-code-of-a-job). Null: nothing keeps it, or nobody knows. */
  readonly code: JobCode | null
  /** The job that stands for it (docs/guides/idempotency.md#duplicates), since it had its key: this one was not put in line. Absent: none does. */
  readonly standsFor?: string
  /** The same in one sentence. */
  readonly reason: string
  /** Since when it waits, runs, or has ended; null: nobody knows. */
  readonly since: Micros | null
  /** When time alone ends the reason, such as the next try; null: something has to happen, or nobody knows when. */
  readonly until: Micros | null
  /** `{ times, attempts, code, at, message }`: how many attempts failed, of how many, and why and when the last one did. Null: none did, or only the ledger was looked at, as for the past. */
  readonly failed: FailedTries | null
  /** The job in the way; null: none is. */
  readonly blockedBy: string | null
  /** The models that it needs; none if it is not in the queue. */
  readonly models: readonly ExplainedModel[]
  /** How many stand ahead of it in the line of the whole queue; null: it stands in no line. */
  readonly ahead: number | null
  /** The same as `ahead`, by its former name. */
  readonly position: number | null
  /** The job it waits for, the job that one waits for, and so on, up to one that waits for none. At most 100. */
  readonly chain: readonly string[]
  /** What it was enqueued to come after: those that have not ended first, 100 at most. */
  readonly parents: readonly ExplainedParent[]
  /** How many later jobs that share a model have gone first. */
  readonly overtaken: number
  /** The next step, and who takes it. */
  readonly whatHasToHappen: string
  /** What else stands in its way, and what else has come in about it; one sentence each. */
  readonly also: readonly string[]
}

/** A live job: why it does not run, which job it waits for, and what has to happen. */
export interface LiveExplanation extends Explained {
  readonly state: 'waiting' | 'active'
  readonly standing: Standing
  readonly code: LiveCode | null
  /** No other job stands for one that is live. */
  readonly standsFor?: never
}

/** A job that is not in the queue, or not any more. */
export interface OtherExplanation extends Explained {
  readonly state: NotLive['state']
  readonly standing: NotLive['state']
}

/** What is with a job. */
export type Explanation = LiveExplanation | OtherExplanation

const MOST_IN_CHAIN = 100
const MOST_AHEAD = 10

/**
 * What is with a job: the one answer that everybody gives, with or without a process alive.
 * @returns undefined if nobody has ever heard of it
 */
export function explainJob(facts: QueueFacts, jobId: string, record: JobRecord): Explanation | undefined {
  const job = jobOf(facts.ledger, jobId)
  const end = job === undefined ? undefined : endOf(job, record)
  const live = explainLive(end === undefined ? facts : { ...facts, ending: new Set([jobId]) }, jobId)
  const failed = failedTriesOf(record.events, job)
  const scheduled = alsoOfSchedule(facts.ledger, jobId, record)
  if (live !== undefined)
    return {
      ...live,
      failed,
      also: [...live.also, ...scheduled, ...overruns(record), ...alsoKnown(facts, record, end)],
    }
  const found = notLive(facts, jobId, record) ?? notDueYet(facts.ledger, jobId)
  if (found === undefined) return undefined
  const { command, ...diagnosis } = found
  const nowhere = {
    blockedBy: null,
    until: null,
    models: [],
    ahead: null,
    position: null,
    chain: [],
    parents: [],
    overtaken: 0,
  }
  return {
    jobId,
    standing: diagnosis.state,
    ...diagnosis,
    ...nowhere,
    failed,
    also: [...scheduled, ...overruns(record), ...alsoKnown(facts, record, command)],
  }
}

/** Of which resources its last attempt that said so has used more than it had reserved. */
function overruns({ events }: JobRecord): readonly string[] {
  const queued = events.findLast((event) => event.type === 'queued')
  const end = events.findLast((event) => 'used' in event && event.used !== undefined)
  const { used = {} } = end !== undefined && 'used' in end ? end : {}
  const asked = queued?.type === 'queued' ? (queued.spec.uses ?? {}) : {}
  return Object.entries(used).flatMap(([resource, amount]) => {
    const ask = usedOf(asked, resource) ?? 0
    return amount > ask ? [overrunText(resource, amount, ask)] : []
  })
}

/** The end of its attempt that its handler has committed (`job_queue_complete_in`), if nobody has decided it yet. */
const endOf = ({ active, token }: Job, { commands }: JobRecord): SubmittedCommand | undefined =>
  active
    ? commands.find(({ requestId, refusal }) => requestId === `end-of:${token}` && refusal === null)
    : undefined

/** What is with a live job, as far as the queue itself says it; undefined for one that is not live. */
export function explainLive(facts: QueueFacts, jobId: string): LiveExplanation | undefined {
  const { ledger } = facts
  const job = jobOf(ledger, jobId)
  if (job === undefined) return undefined
  const diagnosis = diagnosisOf(facts, job)
  const { code, reason, blockedBy, until } = diagnosis
  const chain = chainOf(ledger, blockedBy)
  const models = job.spec.models.map((name) => modelOn(facts, job, name))
  const ahead = isInLine(job) ? ledger.line.rank(job.position) : null
  return {
    jobId,
    code,
    reason,
    blockedBy,
    until,
    failed: null,
    chain,
    parents: parentsOf(facts, job),
    overtaken: job.overtaken,
    state: job.active ? 'active' : 'waiting',
    standing: standingOf(job),
    since: job.active ? job.startedAt : job.queuedAt,
    models,
    ahead,
    position: ahead,
    whatHasToHappen: toDoFor(facts, job, diagnosis),
    also: [
      ...alsoOf(facts, job, diagnosis, chain),
      ...models.flatMap(rulesText),
      ...limitTexts(ledger, job),
      ...turnTexts(ledger, job),
    ],
  }
}

function modelOn({ ledger, operators }: QueueFacts, job: Job, name: string): ExplainedModel {
  const listed = placesOf(ledger.policy, name)
  const lines = [name, ...(listed ?? []).map(siteOf)].map((line) => modelOf(ledger, line))
  const before = !isInLine(job) ? [] : lines.map(({ line }) => nearestAhead(line, job))
  // Who takes all places stands in the line of each, and under the name of the model.
  const often = listed === undefined ? 0 : (before[0]?.count ?? 0) * listed.length
  const ahead = before.reduce((sum, { count }) => sum + count, -often)
  const nearest = [...new Set(before.flatMap(({ positions }) => positions))].sort((a, b) => byPosition(b, a))
  const holders = [...new Set(lines.flatMap((line) => [...line.holders].map(({ jobId }) => jobId)))]
  const pause = pauseOf(ledger, name)
  const paused = pause === undefined ? null : pausePart(pause, operators)
  const aheadIds = nearest.slice(0, MOST_AHEAD).map(({ jobId }) => jobId)
  const model = { model: name, capacity: capacityOf(ledger.policy, name), holders, ahead, aheadIds, paused }
  const rules = patternsFor(ledger.policy, name)
  return {
    ...model,
    ...(listed === undefined ? {} : { place: placeFor(job.places, name) ?? null }),
    ...(takesAllOf(job.spec, name) ? { whole: true } : {}),
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
  }
}

/** Of a model whose rules come from patterns: which from which. */
function rulesText({ model, rules }: ExplainedModel): readonly string[] {
  const from = Object.entries(rules ?? {}).map(
    ([rule, pattern]) => `its ${ruleNames[rule]} from the rule ${pattern}`,
  )
  return from.length === 0 ? [] : [`${model} has ${from.join(', ')}`]
}
/** Of what it uses by limits that come from patterns: which from which. */
const limitTexts = ({ policy }: LedgerView, { spec: { uses } }: Job): readonly string[] =>
  Object.keys(uses ?? {}).flatMap((resource) => {
    const key = limitKeyOf(policy, resource)
    return key === undefined || key === resource ? [] : [`${resource} has its limit from the rule ${key}`]
  })

const ruleNames: Readonly<Record<string, string>> = {
  capacity: 'capacity',
  rate: 'rate',
  holdAfterLossSeconds: 'pause after a loss',
}

/** How many jobs stand ahead in a line, and the nearest of them. */
function nearestAhead(line: Tree<LinePosition>, { position }: Job) {
  const count = line.rank(position)
  const positions: LinePosition[] = []
  for (let i = count - 1; i >= 0 && positions.length < MOST_AHEAD; i--) {
    const other = line.at(i)
    if (other !== undefined) positions.push(other)
  }
  return { count, positions }
}

function pausePart(
  { reason, by, since, until }: Pause,
  operators: QueueFacts['operators'],
): ExplainedModel['paused'] {
  return { reason, by, who: operators?.get(by ?? '') ?? null, since, until }
}

const MOST_PARENTS = 100

function parentsOf(facts: QueueFacts, job: Job): ExplainedParent[] {
  const flow = flowOf(facts.ledger, job)
  const open = firstOf(flow?.open ?? [], MOST_PARENTS).map((parent) => openParent(facts, parent))
  const ended = firstOf(flow?.ended ?? [], MOST_PARENTS - open.length).map(
    ({ jobId, goesOn, outcome }): ExplainedParent => ({
      jobId,
      ifFailed: goesOn ? 'continue' : 'fail',
      outcome,
      code: null,
      reason: null,
      until: null,
      failed: 0,
    }),
  )
  return [...open, ...ended]
}

/** One that ended a moment ago is not live, and its end is still to be taken into account. */
function openParent(facts: QueueFacts, { jobId, goesOn }: OpenParent): ExplainedParent {
  const parent = jobOf(facts.ledger, jobId)
  const { code = null, reason = null, until = null } = parent === undefined ? {} : diagnosisOf(facts, parent)
  const failed = parent === undefined ? 0 : failedTimes(parent)
  return { jobId, ifFailed: goesOn ? 'continue' : 'fail', outcome: null, code, reason, until, failed }
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.length >= most) break
    first.push(item)
  }
  return first
}

/** The job that it waits for now, and from there on by what the rows say. */
function chainOf(ledger: LedgerView, blockedBy: string | null): string[] {
  const chain: string[] = []
  for (let jobId = blockedBy; jobId !== null && !chain.includes(jobId) && chain.length < MOST_IN_CHAIN; ) {
    chain.push(jobId)
    const job = jobOf(ledger, jobId)
    jobId = job === undefined ? null : nextInChain(ledger, job)
  }
  return chain
}

function nextInChain(ledger: LedgerView, job: Job): string | null {
  if (awaitsParents(job)) return firstParentOf(ledger, job)
  return isInLine(job) ? (blockerOf(ledger, job)?.jobId ?? null) : null
}
