import type { JobOutcome, Micros } from '../values/job.ts'
import { byJobKey, byLife, type JobKey, type LifeKey } from '../values/position.ts'
import { Tree } from '../values/tree.ts'
import type { Draft } from './draft.ts'
import { awaitsParents, type Job } from './job.ts'
import { jobKeyOf, jobOf, type LedgerView } from './ledger.ts'
import type { EndedParent, Flow, OpenParent, PropagatingEnd } from './parents.ts'

const noOpen = Tree.empty<OpenParent, LifeKey>(byLife)
const noEnded = Tree.empty<EndedParent, JobKey>(byJobKey)
export const noChildren = Tree.empty<JobKey>(byJobKey)

/** How many children learn of an end by its event. The others follow in parts, so that no append is long. */
const AT_ONCE = 32
/** How many learn of it by one `end_propagated`. */
const IN_A_PART = 500

export const emptyFlow = ({ hash, jobId }: JobKey): Flow => ({
  hash,
  jobId,
  open: noOpen,
  ended: noEnded,
  children: noChildren,
  failedBy: null,
  settledAt: 0,
  releasedAt: 0,
})

/** What a live job comes after, and what comes after it; undefined: nothing. */
export function flowOf({ flows }: Pick<LedgerView, 'flows'>, key: JobKey): Flow | undefined {
  return flows.size === 0 ? undefined : flows.get(key)
}

/** Since when its position counts. */
export const inLineSince = (ledger: LedgerView, job: Job): Micros =>
  flowOf(ledger, job)?.releasedAt || job.queuedAt

/** The job that it waits for: of its open parents the one that was queued first. */
export const firstParentOf = (ledger: LedgerView, job: JobKey): string | null =>
  flowOf(ledger, job)?.open.min()?.jobId ?? null

/** A live job gets another parent that is live. Undefined: it has it already. */
export function addParent(draft: Draft, child: JobKey, parent: Job, goesOn: boolean): Flow | undefined {
  const flow = flowOf(draft, child) ?? emptyFlow(child)
  const { hash, jobId, queuedAt: life } = parent
  if (flow.open.get({ life, hash, jobId }) !== undefined) return undefined
  put(draft, { ...flow, open: flow.open.insert({ life, hash, jobId, goesOn }, draft.owner) })
  const own = flowOf(draft, parent) ?? emptyFlow(parent)
  put(draft, { ...own, children: own.children.insert({ hash: child.hash, jobId: child.jobId }, draft.owner) })
  draft.followed++
  return flow
}

/** It comes after a job that has ended. */
export function addEnded(
  draft: Draft,
  child: JobKey,
  parentId: string,
  goesOn: boolean,
  outcome: JobOutcome,
): void {
  const flow = flowOf(draft, child) ?? emptyFlow(child)
  const ended = flow.ended.insert({ ...jobKeyOf(parentId), goesOn, outcome }, draft.owner)
  const failedBy = flow.failedBy ?? (isFailure(outcome, goesOn) ? parentId : null)
  put(draft, { ...flow, ended, failedBy })
  draft.followed++
}

const isFailure = (outcome: JobOutcome, goesOn: boolean): boolean => outcome !== 'completed' && !goesOn

/** Notes that the fate of a job is known, if it is. Its row says for which job it waits. */
export function settleFate(draft: Draft, child: JobKey, at: Micros): void {
  const flow = flowOf(draft, child)
  const job = draft.jobs.get(child)
  if (flow === undefined || job === undefined || !awaitsParents(job)) return
  const first = flow.open.min()?.jobId ?? null
  if (job.blockedBy !== first) draft.edit(job).blockedBy = first
  if (flow.settledAt !== 0 || (flow.failedBy === null && flow.open.size > 0)) return
  put(draft, { ...flow, settledAt: at })
  draft.settled = draft.settled.insert({ at, hash: flow.hash, jobId: flow.jobId }, draft.owner)
}

/** Its fate is recorded, or it has ended otherwise. */
function unsettleFate(draft: Draft, { hash, jobId, settledAt }: Flow): void {
  if (settledAt !== 0) draft.settled = draft.settled.remove({ at: settledAt, hash, jobId }, draft.owner)
}

/** A job has ended: it waits for nobody any more, and its children learn of it, the first of them at once. */
export function endFlow(draft: Draft, job: Job, outcome: JobOutcome, cause: string, at: Micros): void {
  const flow = flowOf(draft, job)
  if (flow === undefined) return
  draft.flows = draft.flows.remove(flow, draft.owner)
  if (flow.releasedAt === 0) unsettleFate(draft, flow)
  for (const parent of flow.open) dropChild(draft, parent, flow)
  const { hash, jobId, queuedAt: life } = job
  const end = { life, hash, jobId, outcome, cause, children: flow.children }
  if (flow.children.size > 0) keepEnd(draft, propagate(draft, end, AT_ONCE, at))
}

/** The next children of an ended job learn of its end. */
export function propagateMore(draft: Draft, end: PropagatingEnd, at: Micros): void {
  keepEnd(draft, propagate(draft, end, IN_A_PART, at))
}

function keepEnd(draft: Draft, end: PropagatingEnd): void {
  draft.propagating =
    end.children.size > 0
      ? draft.propagating.insert(end, draft.owner)
      : draft.propagating.remove(end, draft.owner)
}

/** The end with the children that it has not reached. */
function propagate(draft: Draft, end: PropagatingEnd, most: number, at: Micros): PropagatingEnd {
  let { children } = end
  for (let many = 0; many < most; many++) {
    const child = children.min()
    if (child === undefined) break
    children = children.remove(child, draft.owner)
    propagateTo(draft, child, end)
    settleFate(draft, child, at)
  }
  return { ...end, children }
}

function propagateTo(
  draft: Draft,
  child: JobKey,
  { life, hash, jobId, outcome, cause }: PropagatingEnd,
): void {
  const flow = flowOf(draft, child)
  const parent = flow?.open.get({ life, hash, jobId })
  if (flow === undefined || parent === undefined) return
  const { goesOn } = parent
  const open = flow.open.remove(parent, draft.owner)
  const ended = flow.ended.insert({ hash, jobId, goesOn, outcome }, draft.owner)
  put(draft, { ...flow, open, ended, failedBy: flow.failedBy ?? (isFailure(outcome, goesOn) ? cause : null) })
  draft.followed++
}

/** A job that has ended is no child of its parents any more. */
function dropChild(draft: Draft, parent: OpenParent, child: JobKey): void {
  draft.followed++
  const end = draft.propagating.get(parent)
  if (end !== undefined) return keepEnd(draft, { ...end, children: end.children.remove(child, draft.owner) })
  const flow = flowOf(draft, parent)
  if (flow === undefined) return
  const left = { ...flow, children: flow.children.remove(child, draft.owner) }
  if (left.children.size + left.open.size + left.ended.size > 0) put(draft, left)
  else draft.flows = draft.flows.remove(left, draft.owner)
}

function put(draft: Draft, flow: Flow): void {
  draft.flows = draft.flows.insert(flow, draft.owner)
}

/**
 * The jobs that come after this one, and those after them: at most so many. First those that no other one comes after.
 * @returns `isAll`: there are no more
 */
export function lastAfter(
  ledger: Pick<LedgerView, 'flows'>,
  first: JobKey,
  most: number,
): { readonly found: readonly JobKey[]; readonly isAll: boolean } {
  const childrenOf = (key: JobKey) => (flowOf(ledger, key)?.children ?? noChildren)[Symbol.iterator]()
  const found: JobKey[] = []
  const seen = new Set<string>()
  const path = [{ key: first, children: childrenOf(first) }]
  for (let at = path.at(-1); at !== undefined && found.length < most; at = path.at(-1)) {
    const { done, value: child } = at.children.next()
    if (done === true) {
      path.pop()
      if (path.length > 0) found.push(at.key)
    } else if (!seen.has(child.jobId)) {
      seen.add(child.jobId)
      path.push({ key: child, children: childrenOf(child) })
    }
  }
  return { found, isAll: path.length === 0 }
}

/** The job stands in line, or waits for its time. @returns undefined if its parents do not allow it */
export function releaseFlow(draft: Draft, job: JobKey, at: Micros): Flow | undefined {
  const flow = flowOf(draft, job)
  if (flow === undefined || flow.failedBy !== null || flow.open.size > 0) return undefined
  unsettleFate(draft, flow)
  put(draft, { ...flow, releasedAt: at })
  return flow
}

/** How the jobs ended that this one comes after; undefined: it does not run under that token. */
export function endedParentsOf(
  ledger: LedgerView,
  jobId: string,
  token: number,
): readonly { readonly jobId: string; readonly outcome: JobOutcome }[] | undefined {
  const job = jobOf(ledger, jobId)
  if (job?.active !== true || job.token !== token) return undefined
  return [...(flowOf(ledger, job)?.ended ?? [])].map((parent) => ({
    jobId: parent.jobId,
    outcome: parent.outcome,
  }))
}
