import { InterlockError } from '../../core/index.ts'
import { backoffMs, pause, type TimeLimit } from '../base/retry.ts'

/** The most tries in a row that are lost to other processes before there is a pause. */
const AT_ONCE_TRIES = 10
/** The same for tries that are refused for another reason: the answer says what to do. */
const AT_ONCE_REFUSALS = 2
/** A batch is given up after so many tries in a row, far more than combining lets happen. */
const MOST_TRIES = 100

/**
 * The tries of one batch. A process that waits after a lost try falls behind and loses again: with 8 processes, trying at once
 * took 2.2 appends for each one won; pauses that double up to 300 ms took 3.0, and twice the time.
 */
export class Tries {
  readonly #queue: string
  readonly #limit: TimeLimit
  readonly #until: number
  #tries = 0
  #refusals = 0
  #isWaiting = false
  #hasWaited = false

  constructor(queue: string, limit: TimeLimit) {
    this.#queue = queue
    this.#limit = limit
    this.#until = performance.now() + limit.forMs
  }

  /** Another try was refused. `lost`: another process appended first. */
  refused(lost: boolean): void {
    this.#refusals = lost ? 0 : this.#refusals + 1
    this.#hasWaited = false
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
    return this.#tries > 1 ? tooContended(this.#queue, this.#tries - 1) : undefined
  }

  /** Call it before each try, the first included. @throws InterlockError `contention` when the time is up */
  async next(): Promise<void> {
    const tries = this.#tries++
    const { signal } = this.#limit
    const isLate = performance.now() >= this.#until
    if (this.#isWaiting) {
      this.#isWaiting = false
      if (isLate) throw unanswered(this.#queue)
      return
    }
    if (tries === 0) return
    // Losing to others is no outage: some tries are made however short the limit.
    if ((isLate && tries > AT_ONCE_TRIES) || tries >= MOST_TRIES || signal.aborted)
      throw tooContended(this.#queue, tries)
    const over = Math.max(tries - AT_ONCE_TRIES, 2 * (this.#refusals - AT_ONCE_REFUSALS))
    if (over > 0) await pause(backoffMs(over, 5, this.#refusals > 0 ? 1_000 : 100), signal)
  }
}

function tooContended(queue: string, tries: number): InterlockError {
  return new InterlockError(
    'contention',
    `queue ${queue}: ${tries} tries to append were refused; try again, and see what else writes to it with \`interlock log\``,
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
