import {
  type AttemptEndEvent,
  fold,
  type Ledger,
  type Micros,
  outcomeOf,
  type RecordedEvent,
  waitingCount,
} from '../../../engine/core/index.ts'
import { FailureSums, FollowedAttempts } from './failures.ts'
import { Level, type Slices, sliceOf } from './levels.ts'
import { Loads } from './loads.ts'
import { EventMeter } from './meter.ts'
import { ModelLevels } from './model-levels.ts'
import { TOGETHER } from './moments.ts'
import { ShareSums } from './share-sums.ts'

/** Events of a moment are folded together, up to so many: ten times as fast under load, and still finer than anybody looks. */
const MOST_TOGETHER = 500

/** Goes over a part of the log once, in order, and measures. */
export class Collector {
  readonly slices: Slices
  readonly waiting: Level
  readonly active: Level
  readonly models: ModelLevels
  readonly loads: Loads
  readonly meter = new EventMeter({
    isDetailed: true,
    onStart: (start, wait) => this.#start(start, wait),
    onEnd: (end, run) => this.#end(end, run),
  })
  readonly shares: ShareSums
  readonly failures = new FailureSums()
  readonly #attempts = new FollowedAttempts()
  readonly ends: { readonly completed: number[]; readonly failed: number[] }
  /** In microseconds: from when a job could start to its start, and from the start to the end of the attempt. */
  readonly waits: number[] = []
  readonly runs: number[] = []
  #ledger: Ledger
  #together: RecordedEvent[] = []

  /** @param ledger the queue when the period begins */
  constructor(slices: Slices, ledger: Ledger) {
    this.slices = slices
    this.#ledger = ledger
    this.waiting = new Level(slices, waitingCount(ledger))
    this.active = new Level(slices, ledger.active.size)
    this.models = new ModelLevels(slices, ledger)
    this.loads = new Loads(ledger)
    this.shares = new ShareSums(ledger, slices.from)
    const none = () => new Array<number>(slices.count).fill(0)
    this.ends = { completed: none(), failed: none() }
    this.meter.begin(ledger, slices.from)
    this.#attempts.begin(ledger)
  }

  /** @throws InterlockError `corrupt_log` */
  push(event: RecordedEvent): void {
    const first = this.#together[0]
    const isFull = this.#together.length === MOST_TOGETHER
    if (first !== undefined && (isFull || event.at - first.at > TOGETHER)) this.#fold()
    this.#together.push(event)
    this.#note(event)
  }

  /** The queue when the period ends. */
  finish(): Ledger {
    this.#fold()
    this.meter.clocks.finish(this.slices.to)
    this.shares.finish(this.slices.to)
    return this.#ledger
  }

  #fold(): void {
    const last = this.#together.at(-1)
    if (last === undefined) return
    const { ledger, touched } = fold(this.#ledger, this.#together)
    this.#together = []
    this.#ledger = ledger
    this.waiting.set(last.at, waitingCount(ledger))
    this.active.set(last.at, ledger.active.size)
    this.meter.clocks.look(ledger, touched, last.at)
  }

  #note(event: RecordedEvent): void {
    this.meter.note(event)
    this.loads.push(event)
    this.shares.note(event)
    const ended = this.#attempts.note(event)
    if (ended !== undefined) this.failures.add(ended)
    if (event.type === 'model_released') this.models.giveBack(event.jobId, event.model, event.at)
    const outcome = outcomeOf(event)
    if (outcome !== 'completed' && outcome !== 'failed') return
    const [ends, slice] = [this.ends[outcome], sliceOf(this.slices, event.at)]
    ends[slice] = (ends[slice] ?? 0) + 1
  }

  #start({ jobId, at, models, batch }: RecordedEvent & { readonly type: 'started' }, wait: Micros): void {
    this.waits.push(wait)
    this.shares.waited(jobId, wait)
    this.models.start(jobId, models, at, batch)
  }

  #end({ jobId, at }: AttemptEndEvent, run: Micros): void {
    this.runs.push(run)
    this.models.end(jobId, at)
  }
}
