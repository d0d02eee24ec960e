import { type ErrorCode, InterlockError, isInterlockError } from '../../core/index.ts'
import { errorText, type Logger } from '../base/logger.ts'

/**
 * What was done when something failed: only the same, done well, shows that it is over. A database that is read-only or full
 * can still be read, and one that takes appends over the connection that is left may take no beats.
 */
export type Doing = 'read' | 'write' | 'beat'

/** The same line comes again after this long, so that a trouble that lasts fills no disk, and is not forgotten either. */
const AGAIN_MS = 60_000

/** What went wrong and is not over, as far as is known: the logger is told, and `health()` shows it. */
export class Trouble {
  readonly #logger: Logger
  readonly #now: () => number
  /** The newest comes last. */
  readonly #failed = new Map<Doing, unknown>()
  readonly #told = new Map<string, number>()
  /** A beat has gone well since a write failed. */
  #isQuiet = false

  /** @param now milliseconds that never go back */
  constructor(logger: Logger, now: () => number = () => performance.now()) {
    this.#logger = logger
    this.#now = now
  }

  get text(): string | null {
    const errors = [...this.#failed.values()]
    return errors.length === 0 ? null : errorText(errors.at(-1))
  }

  /** The database does not answer. */
  get isOutage(): boolean {
    return [...this.#failed.values()].some(isOutage)
  }

  note(error: unknown, doing: Doing): void {
    const what = isInterlockError(error, 'store_unwritable') && doing === 'read' ? 'write' : doing
    this.#failed.delete(what)
    this.#failed.set(what, error)
    if (what === 'write') this.#isQuiet = false
    this.#tell(errorText(error))
  }

  /** The log was read to its end, or written. */
  wentWell(doing: 'read' | 'write'): void {
    this.#failed.delete(doing)
  }

  /**
   * A beat is a write as well, though a small one: a full disk may have room for it. So it ends an outage, and what else was the
   * matter with writes if none has failed since the beat before. What the log does not say any more is not mended by it.
   */
  beatWentWell(): void {
    this.#failed.delete('beat')
    for (const [doing, error] of this.#failed) {
      if (isOutage(error) || (doing === 'write' && this.#isQuiet)) this.#failed.delete(doing)
    }
    this.#isQuiet = true
  }

  #tell(text: string): void {
    const now = this.#now()
    for (const [told, at] of this.#told) if (now - at >= AGAIN_MS) this.#told.delete(told)
    if (this.#told.has(text)) return
    this.#told.set(text, now)
    this.#logger.error(`[COORDINATOR] ${text}`)
  }
}

function isOutage(error: unknown): boolean {
  return isInterlockError(error, 'store_unavailable')
}

/** What the queue says to a command, rather than the store. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'invalid_input',
  'job_exists',
  'job_not_live',
  'job_not_active',
  'stale_token',
  'not_holder',
  'models_required',
  'fair_share_limit',
  'command_reused',
])

/** An answer to the caller, and nobody else's trouble. */
export function isRefusal(error: unknown): error is InterlockError {
  return error instanceof InterlockError && refusals.has(error.code)
}
