import { emptyFlow, noChildren } from '../../state/flow.ts'
import { jobKeyOf, type Ledger } from '../../state/ledger.ts'
import type { Writable } from '../../state/own-job.ts'
import type { Flow, PropagatingEnd } from '../../state/parents.ts'
import type { JobOutcome, Micros } from '../../values/job.ts'
import type { Owner } from '../../values/tree-node.ts'

/** A job of a flow, without its links. */
export type FlowRow = readonly [jobId: string, failedBy: string | null, settledAt: Micros, releasedAt: Micros]

/** An end that not all children were told of, without these: they are those with an open link to it. */
export type PropagatingRow = readonly [jobId: string, life: Micros, outcome: JobOutcome, cause: string]

/** What a job comes after: a life of another one that is open, or how another one ended. */
export type LinkRow = readonly [child: string, parent: string, goesOn: boolean, to: Micros | JobOutcome]

export const flowRow = ({ jobId, failedBy, settledAt, releasedAt }: Flow): FlowRow => [
  jobId,
  failedBy,
  settledAt,
  releasedAt,
]

export const propagatingRow = ({ jobId, life, outcome, cause }: PropagatingEnd): PropagatingRow => [
  jobId,
  life,
  outcome,
  cause,
]

export function* linksOf({ flows }: Ledger): Generator<LinkRow> {
  for (const { jobId, open, ended } of flows) {
    for (const parent of open) yield [jobId, parent.jobId, parent.goesOn, parent.life]
    for (const parent of ended) yield [jobId, parent.jobId, parent.goesOn, parent.outcome]
  }
}

type Flows = Writable<Pick<Ledger, 'flows' | 'settled' | 'propagating'>>

export function addFlow(to: Flows, [jobId, failedBy, settledAt, releasedAt]: FlowRow, owner: Owner): void {
  const key = jobKeyOf(jobId)
  to.flows = to.flows.insert({ ...emptyFlow(key), failedBy, settledAt, releasedAt }, owner)
  if (settledAt > 0 && releasedAt === 0) to.settled = to.settled.insert({ at: settledAt, ...key }, owner)
}

export function addPropagating(to: Flows, [jobId, life, outcome, cause]: PropagatingRow, owner: Owner): void {
  to.propagating = to.propagating.insert(
    { ...jobKeyOf(jobId), life, outcome, cause, children: noChildren },
    owner,
  )
}

/** False if it names a job of which the rows before say nothing. */
export function addLink(to: Flows, [childId, parentId, goesOn, link]: LinkRow, owner: Owner): boolean {
  const child = to.flows.get(jobKeyOf(childId))
  if (child === undefined) return false
  const parent = jobKeyOf(parentId)
  if (typeof link === 'string') {
    to.flows = to.flows.insert(
      { ...child, ended: child.ended.insert({ ...parent, goesOn, outcome: link }, owner) },
      owner,
    )
    return true
  }
  to.flows = to.flows.insert(
    { ...child, open: child.open.insert({ ...parent, life: link, goesOn }, owner) },
    owner,
  )
  const key = { hash: child.hash, jobId: child.jobId }
  const end = to.propagating.get({ ...parent, life: link })
  if (end !== undefined) {
    to.propagating = to.propagating.insert({ ...end, children: end.children.insert(key, owner) }, owner)
    return true
  }
  const flow = to.flows.get(parent)
  if (flow !== undefined)
    to.flows = to.flows.insert({ ...flow, children: flow.children.insert(key, owner) }, owner)
  return flow !== undefined
}
