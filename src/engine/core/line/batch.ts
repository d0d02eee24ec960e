import type { Draft } from '../state/draft.ts'
import type { Job } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import { placeFor } from '../state/site.ts'
import type { BatchSize, Claim, Started } from '../values/command.ts'
import type { Places } from '../values/job.ts'
import type { LinePosition } from '../values/position.ts'

/** It stands before every job. */
const front: LinePosition = {
  level: Number.NEGATIVE_INFINITY,
  order: Number.NEGATIVE_INFINITY,
  tie: Number.NEGATIVE_INFINITY,
  hash: 0,
  jobId: '',
}

/**
 * The one of a batch that has its models and its slot for all: the first of those that have not ended. So a job that waits for them waits
 * for one that runs. Undefined: the batch has ended, or never began.
 */
export function holderOf({ batches }: Pick<LedgerView, 'batches'>, batch: number): LinePosition | undefined {
  const first = batches.after({ batch, position: front })
  return first?.batch === batch ? first.position : undefined
}

/** The other jobs that run in the same batch, in line order. */
export function othersIn({ batches }: Pick<LedgerView, 'batches'>, { batch, jobId }: Job): readonly string[] {
  const others: string[] = []
  if (batch === null) return others
  for (let one = batches.after({ batch, position: front }); one?.batch === batch; one = batches.after(one))
    if (one.position.jobId !== jobId) others.push(one.position.jobId)
  return others
}

export function enterBatch(draft: Draft, position: LinePosition, batch: number): void {
  draft.batches = draft.batches.insert({ batch, position }, draft.owner)
}

export function leaveBatch(draft: Draft, position: LinePosition, batch: number): void {
  draft.batches = draft.batches.remove({ batch, position }, draft.owner)
}

/** Each of these models is in one place, by both. */
export const areInSame = (models: readonly string[], one: Places | null, other: Places | null): boolean =>
  models.every((model) => placeFor(one, model) === placeFor(other, model))

/** How many jobs of this kind the sender of the claim takes at once. */
export function batchSizeOf({ batches }: Claim, kind: string): number {
  if (batches === undefined) return 1
  const of = (name: string): BatchSize | undefined => batches.find((one) => one.kind === name)
  return (of(kind) ?? of('*'))?.size ?? 1
}

/** How many of the places that a claim names these take: a batch takes one. */
export function placesTaken(started: readonly Pick<Started, 'batch' | 'lease'>[]): number {
  if (started.every(({ batch }) => batch === undefined)) return started.length
  return new Set(started.map(({ batch, lease }) => batch ?? lease.fencingToken)).size
}
