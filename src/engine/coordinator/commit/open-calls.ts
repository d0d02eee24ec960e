import { InterlockError } from '../../core/index.ts'
import type { AppendAnswer } from '../../store/index.ts'
import { backoffMs, pause } from '../base/retry.ts'

/** The most tries in a row that are lost to other processes before there is a pause. */
const AT_ONCE_TRIES = 10
/** The most tries in a row that are refused for another reason before there is a pause: the answer says what to do. */
const AT_ONCE_REFUSALS = 2
/** A batch is given up after so many tries in a row, far more than combining lets happen. */
const MOST_TRIES = 100

/**
 * The tries of one batch. A process that waits after a lost try falls behind and loses again: with 8 processes, trying at once
 * took 2.2 appends for each one won; pauses that double up to 300 ms took 3.0, and twice the time.
 */
export class OpenCalls {
  readonly #queue: string
  readonly #signal: AbortSignal
  readonly #isLate: () => boolean
  /** Those that were refused for their times are no conflict, and not among them. */
  #tries = 0
  #refusals = 0
  #ofClock = 0
  /** The last refusal was for its times. */
  #isOfClock = false
  #isWaiting = false
  #hasWaited = false

  /** @param isLate whether the time of all that wait for the batch is over */
  constructor(queue: string, signal: AbortSignal, isLate: () => boolean) {
    this.#queue = queue
    this.#signal = signal
    this.#isLate = isLate
  }

  /** Another try was refused. `version`: another process appended first. */
  refused(reason: (AppendAnswer & { readonly ok: false })['reason']): void {
    this.#refusals = reason === 'version' ? 0 : this.#refusals + 1
    this.#isOfClock = reason === 'clock'
    if (this.#isOfClock) {
      this.#tries--
      this.#ofClock++
    }
    this.#hasWaited = false
  }

  /** It was refused for its times more than once. */
  get areOftenLate(): boolean {
    return this.#ofClock >= AT_ONCE_REFUSALS
  }

  /** The last try was to publish the batch: to wait for the combiner is no refusal. */
  waited(): void {
    this.#tries--
    this.#isWaiting = true
    this.#hasWaited = true
  }

  /** Why the batch is not carried out yet, though the database answers. */
  get why(): InterlockError | undefined {
    if (this.#hasWaited) return unanswered(this.#queue)
    if (this.#isOfClock) return unsteady(this.#queue, this.#ofClock)
    return this.#tries > 1 ? tooContended(this.#queue, this.#tries - 1) : undefined
  }

  /** Call it before each try, the first included. @throws InterlockError `contention`, `clock_unsteady` when the time is up */
  async next(): Promise<void> {
    const tries = this.#tries++
    const signal = this.#signal
    if (this.#isWaiting) {
      this.#isWaiting = false
      if (this.#isLate()) throw unanswered(this.#queue)
      return
    }
    if (tries + this.#ofClock === 0) return
    const isLate = this.#isLate()
    // Losing to others is no outage: some tries are made however short the limit. So it is with those that come too late.
    if (this.#isOfClock) {
      if ((isLate && this.#ofClock > AT_ONCE_REFUSALS) || this.#ofClock >= MOST_TRIES || signal.aborted)
        throw unsteady(this.#queue, this.#ofClock)
    } else if ((isLate && tries > AT_ONCE_TRIES) || tries >= MOST_TRIES || signal.aborted)
      throw tooContended(this.#queue, tries)
    const over = Math.max(tries - AT_ONCE_TRIES, 2 * (this.#refusals - AT_ONCE_REFUSALS))
    if (over > 0) await pause(backoffMs(over, 5, this.#refusals > 0 ? 1_000 : 100), signal)
  }
}

function tooContended(queue: string, tries: number): InterlockError {
  return new InterlockError(
    'contention',
    `queue ${queue}: ${tries} tries to append were refused; try again, and see what else writes to it with \`npx interlock-queue log\``,
    { queue },
  )
}

/** Being late is no conflict. */
function unsteady(queue: string, tries: number): InterlockError {
  return new InterlockError(
    'clock_unsteady',
    `queue ${queue}: refused ${tries === 1 ? 'once' : `${tries} times`}, since it came seconds too late or too early by the database's clock; try again, and see whether this machine or its link is overloaded, or somebody sets a clock`,
    { queue },
  )
}

function unanswered(queue: string): InterlockError {
  return new InterlockError(
    'contention',
    `queue ${queue}: the process that writes for all has not come to this command in time; try again, and see whether the machines are overloaded`,
    { queue },
  )
}
