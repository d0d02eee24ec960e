import {
  type AttemptEndEvent,
  endsAttempt,
  isDeath,
  type JobOutcome,
  type Ledger,
  type Micros,
  outcomeOf,
  outcomes,
  type RecordedEvent,
  type RequeueReason,
  requeueReasons,
} from '../../../engine/core/index.ts'
import { UseSums } from './use-sums.ts'
import { WaitClocks } from './wait-clocks.ts'

export interface EventMeterOptions {
  /** As of {@link WaitClocks}. */
  readonly isDetailed?: boolean
  /** Told of each attempt that begins, and how long its job had waited: from when it was queued, due, or back in line. */
  readonly onStart: (start: RecordedEvent & { readonly type: 'started' }, wait: Micros) => void
  /** Told of each attempt that ends, and how long it ran. */
  readonly onEnd: (end: AttemptEndEvent, run: Micros) => void
}

const zeros = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>

/**
 * Counts and measures what happens in a queue, event by event, from where it begins: for stats over a stretch of the log, and for the
 * figures of a process, so that they say the same.
 */
export class EventMeter {
  readonly counts = {
    queued: 0,
    starts: 0,
    leasesExpired: 0,
    died: 0,
    ends: zeros<JobOutcome>(outcomes),
    requeues: zeros<RequeueReason>(requeueReasons),
  }
  /** All waiting, by what it was for. */
  readonly clocks: WaitClocks
  readonly use = new UseSums()
  readonly #onEnd: EventMeterOptions['onEnd']
  /** When each running attempt began. */
  readonly #running = new Map<string, Micros>()

  constructor({ isDetailed, onStart, onEnd }: EventMeterOptions) {
    this.#onEnd = onEnd
    this.clocks = new WaitClocks({
      isDetailed,
      onWait: ({ readyAt }, by) => {
        if (by?.type === 'started') onStart(by, by.at - (readyAt ?? by.at))
      },
    })
  }

  /** Where it begins, or goes on after events that nobody can read: what was counted before stays. */
  begin(ledger: Ledger, at: Micros): void {
    this.clocks.begin(ledger, at)
    this.use.begin(ledger)
    this.#running.clear()
    for (const { jobId, active, startedAt } of ledger.jobs) if (active) this.#running.set(jobId, startedAt)
  }

  /** An event; {@link WaitClocks.look} follows once it is folded. */
  note(event: RecordedEvent): void {
    const { counts } = this
    this.clocks.note(event)
    this.use.note(event)
    if (endsAttempt(event)) this.#end(event)
    const outcome = outcomeOf(event)
    if (outcome !== null) counts.ends[outcome]++
    if (isDeath(event)) counts.died++
    if (event.type === 'queued') counts.queued++
    else if (event.type === 'requeued') counts.requeues[event.reason]++
    else if (event.type === 'lease_expired') counts.leasesExpired++
    else if (event.type === 'started') {
      counts.starts++
      this.#running.set(event.jobId, event.at)
    }
  }

  #end(event: AttemptEndEvent): void {
    const began = this.#running.get(event.jobId)
    if (began === undefined) return
    this.#running.delete(event.jobId)
    this.#onEnd(event, event.at - began)
  }
}
