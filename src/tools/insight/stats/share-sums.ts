import {
  endsAttempt,
  heldModels,
  type Ledger,
  MICROS_PER_SECOND,
  type Micros,
  outcomeOf,
  type RecordedEvent,
  tierOf,
} from '../../../engine/core/index.ts'
import { type Summary, summaryOf } from './summary.ts'

/** What the jobs of one fair key, or of one tier, had of a period. */
export interface ShareStats {
  /** The key or tier; null: jobs without a fair key, or keys without a tier. */
  readonly name: string | null
  /** How many came into the queue. */
  readonly queued: number
  /** Models × seconds, as fair share by use counts them; a job that joins a batch uses nothing. */
  readonly seconds: number
  /** From when each could start to its start. */
  readonly waiting: Summary
}

/** Those that used most, and what is left for the others. */
export interface RankedShares {
  /** The 20 that used most. */
  readonly top: readonly ShareStats[]
  /** The same of all others; `names`: how many they are. Null: there are none. */
  readonly others: (Omit<ShareStats, 'name'> & { readonly names: number }) | null
}

const MOST_SHARES = 20

interface Sum {
  queued: number
  used: Micros
  readonly waits: Micros[]
}

/** Sums up over a part of the log what each fair key used, and how long its jobs waited. */
export class ShareSums {
  /** By fair key; '' is none. */
  readonly #sums = new Map<string, Sum>()
  /** The fair keys of the live jobs, by their ids. */
  readonly #keys = new Map<string, string>()
  /** How many models each running attempt uses, and since when that is not added up. */
  readonly #running = new Map<string, { readonly models: number; readonly since: Micros }>()

  /** @param from when the period begins: what was used before is not counted */
  constructor({ jobs }: Ledger, from: Micros) {
    for (const job of jobs) {
      this.#keys.set(job.jobId, job.spec.fairKey ?? '')
      const isJoined = job.batch !== null && job.batch !== job.token
      const models = isJoined ? 0 : heldModels(job).length
      if (job.active) this.#running.set(job.jobId, { models, since: from })
    }
  }

  /** Before the wait of a start is told. */
  note(event: RecordedEvent): void {
    if (!('jobId' in event)) return
    const { jobId, at } = event
    if (event.type === 'queued') this.#come(jobId, event.spec.fairKey ?? '')
    else if (event.type === 'started') this.#running.set(jobId, { models: ownModels(event), since: at })
    else if (event.type === 'model_released') this.#use(jobId, at, 1)
    else if (endsAttempt(event) || outcomeOf(event) !== null) {
      this.#use(jobId, at)
      this.#running.delete(jobId)
    }
    if (outcomeOf(event) !== null) this.#keys.delete(jobId)
  }

  waited(jobId: string, wait: Micros): void {
    this.#sum(jobId).waits.push(wait)
  }

  finish(to: Micros): void {
    for (const jobId of this.#running.keys()) this.#use(jobId, to)
  }

  /** Null: no job of the period has a fair key. */
  get byKey(): RankedShares | null {
    return sharesOf(this.#sums)
  }

  /** Null: no fair key of the period has a tier. */
  get byTier(): RankedShares | null {
    const tiers = new Map<string, Sum[]>()
    for (const [key, sum] of this.#sums) {
      const tier = tierOf(key) ?? ''
      const known = tiers.get(tier)
      if (known === undefined) tiers.set(tier, [sum])
      else known.push(sum)
    }
    return sharesOf(new Map([...tiers].map(([tier, sums]) => [tier, together(sums)])))
  }

  #come(jobId: string, key: string): void {
    this.#keys.set(jobId, key)
    this.#sum(jobId).queued++
  }

  /** @param back how many of its models it gives back */
  #use(jobId: string, at: Micros, back = 0): void {
    const running = this.#running.get(jobId)
    if (running === undefined) return
    const { models, since } = running
    if (models > 0) this.#sum(jobId).used += models * (at - since)
    this.#running.set(jobId, { models: Math.max(0, models - back), since: at })
  }

  #sum(jobId: string): Sum {
    const key = this.#keys.get(jobId) ?? ''
    const sum = this.#sums.get(key) ?? { queued: 0, used: 0, waits: [] }
    this.#sums.set(key, sum)
    return sum
  }
}

/** One that joins a batch uses nothing: the first of the batch has the models. */
const ownModels = ({ seq, batch = seq, models }: RecordedEvent & { readonly type: 'started' }): number =>
  batch === seq ? models.length : 0

function sharesOf(sums: ReadonlyMap<string, Sum>): RankedShares | null {
  if ([...sums.keys()].every((name) => name === '')) return null
  const sorted = [...sums].sort(([a, { used: one }], [b, { used: other }]) => other - one || (a < b ? -1 : 1))
  const rest = sorted.slice(MOST_SHARES).map(([, sum]) => sum)
  return {
    top: sorted
      .slice(0, MOST_SHARES)
      .map(([name, sum]) => ({ name: name === '' ? null : name, ...statsOf(sum) })),
    others: rest.length === 0 ? null : { names: rest.length, ...statsOf(together(rest)) },
  }
}

const together = (sums: readonly Sum[]): Sum => ({
  queued: sums.reduce((total, { queued }) => total + queued, 0),
  used: sums.reduce((total, { used }) => total + used, 0),
  waits: sums.flatMap(({ waits }) => waits),
})

const statsOf = ({ queued, used, waits }: Sum): Omit<ShareStats, 'name'> => ({
  queued,
  seconds: used / MICROS_PER_SECOND,
  waiting: summaryOf(waits),
})
