import type { JobOutcome, Ledger } from '../../engine/core/index.ts'

/** A job that another one comes after, as the log says it. */
interface Parent {
  /** Its child goes on whatever becomes of it. */
  readonly goesOn: boolean
  /** Null: it has not ended. `cause`: where a failure began. */
  end: { readonly outcome: JobOutcome; readonly cause: string } | null
}

/** Which jobs come after which, and what has become of these: the promise of a flow, stated a second time. */
export class AuditedParents {
  readonly #parents = new Map<string, Map<string, Parent>>()
  readonly #children = new Map<string, Set<string>>()

  /** @param outcome how the parent had ended; undefined: it is live @param cause where its failure began */
  link(child: string, parent: string, goesOn: boolean, outcome?: JobOutcome, cause = parent): void {
    const own = this.#parents.get(child) ?? new Map<string, Parent>()
    const end = outcome === undefined ? null : { outcome, cause }
    this.#parents.set(child, own.set(parent, { goesOn, end }))
    if (outcome !== undefined) return
    this.#children.set(parent, (this.#children.get(parent) ?? new Set()).add(child))
  }

  /** A job has ended: its children know how, and it waits for nobody any more. */
  end(jobId: string, outcome: JobOutcome, cause: string): void {
    for (const child of this.#children.get(jobId) ?? []) {
      const parent = this.#parents.get(child)?.get(jobId)
      if (parent !== undefined) parent.end = { outcome, cause }
    }
    this.#children.delete(jobId)
    for (const parent of this.#parents.get(jobId)?.keys() ?? []) this.#children.get(parent)?.delete(jobId)
    this.#parents.delete(jobId)
  }

  /** A job that has to end, or to complete, before this one may start; undefined: none. */
  unfinishedBefore(jobId: string): string | undefined {
    const own = [...(this.#parents.get(jobId) ?? [])]
    return own.find(([, { end, goesOn }]) => end === null || (end.outcome !== 'completed' && !goesOn))?.[0]
  }

  /** Whether a job that it comes after did not complete, because of this one. */
  failsBy(jobId: string, cause: string | undefined): boolean {
    return [...(this.#parents.get(jobId)?.values() ?? [])].some(
      ({ end, goesOn }) => end !== null && end.outcome !== 'completed' && !goesOn && end.cause === cause,
    )
  }

  /** What the ledger says at a cut. Of ends that have not reached all children, it says how they were. */
  beginAt({ flows, propagating }: Ledger): void {
    for (const { jobId, open, ended, failedBy } of flows) {
      const cause = failedBy ?? undefined
      for (const parent of ended) this.link(jobId, parent.jobId, parent.goesOn, parent.outcome, cause)
      for (const parent of open)
        this.link(jobId, parent.jobId, parent.goesOn, propagating.get(parent)?.outcome)
    }
    for (const { jobId, cause, outcome, children } of propagating)
      for (const child of children) {
        const parent = this.#parents.get(child.jobId)?.get(jobId)
        if (parent !== undefined) parent.end = { outcome, cause }
      }
  }
}
