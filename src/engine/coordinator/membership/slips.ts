import type { NoEffect } from '../../core/index.ts'
import type { Logger } from '../base/logger.ts'

/** With more than this, what was told begins again: only warnings are repeated. */
const MOST_TOLD = 10_000

/** Warns, once each, of input that changes nothing. */
export class Slips {
  readonly #logger: Logger
  readonly #told = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** @param who whose input it was, as the beginning of a sentence: `Job a: ` */
  tell(found: readonly NoEffect[], who: string): void {
    for (const { path, name, says } of found) {
      const key = `${path} ${name}`
      if (this.#told.has(key)) continue
      if (this.#told.size >= MOST_TOLD) this.#told.clear()
      this.#told.add(key)
      this.#logger.warn(`[COORDINATOR] ${who}${path === 'model' ? '' : `${path}: `}${says}`, {
        event: 'said.no_effect',
        model: name,
      })
    }
  }
}
