import { isInterlockError, isOutage, isRefusal } from '../../core/index.ts'
import { errorText, type Logger } from '../base/logger.ts'
import type { Stopped } from './stopped.ts'

/**
 * What was done when something failed: only the same, done well, shows that it is over. A database that is read-only or full
 * can still be read, and one that takes appends over the connection that is left may take no beats.
 */
export type Doing = 'read' | 'write' | 'beat'

/** The same line comes again after this long, so that a failure that lasts fills no disk, and is not forgotten either. */
const AGAIN_MS = 60_000

/** What has failed and is not over, as far as is known: the logger is told, and `health()` shows it. */
export class Failures {
  readonly #logger: Logger
  readonly #stopped: Pick<Stopped, 'error' | 'see'>
  /** The newest comes last. */
  readonly #failed = new Map<Doing, unknown>()
  readonly #told = new Map<string, number>()
  /** A beat has gone well since a write failed. */
  #isQuiet = false

  /** @param stopped told what may be the end of this process; after that nothing is noted any more */
  constructor(logger: Logger, stopped: Pick<Stopped, 'error' | 'see'>) {
    this.#logger = logger
    this.#stopped = stopped
  }

  /** The last of them; null: there is none. */
  get text(): string | null {
    const errors = [...this.#failed.values()]
    return errors.length === 0 ? null : errorText(errors.at(-1))
  }

  /** The database does not answer. */
  get isOutage(): boolean {
    return [...this.#failed.values()].some(isOutage)
  }

  /** Something failed that nobody waits for. */
  note(error: unknown, doing: Doing = 'read'): void {
    if (this.#stopped.error !== undefined) return
    const what = isInterlockError(error, 'store_unwritable') && doing === 'read' ? 'write' : doing
    this.#failed.delete(what)
    this.#failed.set(what, error)
    if (what === 'write') this.#isQuiet = false
    this.#tell(errorText(error))
  }

  /** The same of a read or write of the log: what it says may be the end of this process. */
  noteOfLog(error: unknown, doing: 'read' | 'write'): void {
    this.note(error, doing)
    this.#stopped.see(error)
  }

  /** Of a command: a refusal is for the caller alone. */
  noteOfCommand(error: unknown): void {
    if (!isRefusal(error) && !isInterlockError(error, 'closed')) this.noteOfLog(error, 'write')
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
    const now = performance.now()
    for (const [told, at] of this.#told) if (now - at >= AGAIN_MS) this.#told.delete(told)
    if (this.#told.has(text)) return
    this.#told.set(text, now)
    this.#logger.error(`[COORDINATOR] ${text}`)
  }
}
