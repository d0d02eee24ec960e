import {
  endsAttempt,
  type Ledger,
  outcomeOf,
  type RecordedEvent,
  type Uses,
} from '../../../engine/core/index.ts'

/** What attempts that have ended had reserved of a resource, and have used. */
export interface ResourceUse {
  /** What they had reserved. */
  readonly reserved: number
  /** What they used. */
  readonly used: number
  /** How many of them used more than they had reserved. */
  readonly overruns: number
}

const nothing: ResourceUse = { reserved: 0, used: 0, overruns: 0 }

/** Sums it up over a part of the log. A job that uses nothing costs a look at its events. */
export class UseSums {
  readonly byResource = new Map<string, ResourceUse>()
  /** What live jobs ask for. */
  readonly #asks = new Map<string, Uses>()

  /** What was counted before stays. */
  begin({ jobs }: Ledger): void {
    this.#asks.clear()
    for (const { jobId, spec } of jobs) if (spec.uses !== undefined) this.#asks.set(jobId, spec.uses)
  }

  note(event: RecordedEvent): void {
    if (event.type === 'queued' && event.spec.uses !== undefined) this.#asks.set(event.jobId, event.spec.uses)
    if (this.#asks.size === 0 || !('jobId' in event)) return
    const asks = this.#asks.get(event.jobId)
    if (asks === undefined) return
    if (endsAttempt(event)) this.#settle(asks, 'used' in event ? event.used : {})
    if (outcomeOf(event) !== null) this.#asks.delete(event.jobId)
  }

  #settle(asks: Uses, used: Uses = {}): void {
    for (const [resource, ask] of Object.entries(asks)) {
      const amount = (Object.hasOwn(used, resource) ? used[resource] : undefined) ?? ask
      const sum = this.byResource.get(resource) ?? nothing
      this.byResource.set(resource, {
        reserved: sum.reserved + ask,
        used: sum.used + amount,
        overruns: sum.overruns + (amount > ask ? 1 : 0),
      })
    }
  }
}
