import type { AppendRole } from '../../port/index.ts'
import { pause } from '../base/retry.ts'
import type { LogView } from '../replica/log-view.ts'
import { readOn } from '../replica/read-log.ts'

/** How long one process keeps the baton while it has commands: some ten appends. With 16 processes a round takes half a second. */
const HOLD_MS = 30
/** And for so many appends at least: on a busy machine one takes as long, and then a round would be no better than a turn. */
const LEAST_APPENDS = 4
/** How often somebody who waits for the baton looks for news, and from how many events on it folds them. */
const LOOK = { everyMs: 10, events: 200 }

/**
 * The baton of a queue, as this process has it or waits for it. Under pressure the process that has it appends for a while without
 * losing, and the others wait and fold meanwhile: nothing but the last few events is left to be read when their turn comes.
 * It is a courtesy: the version check guards the log, with or without the baton.
 */
export class Baton {
  readonly #log: LogView
  readonly #store: Pick<AppendRole, 'baton'>
  #give: (() => Promise<void>) | null = null
  #until = 0
  #used = 0
  #leftAt = -1

  constructor(log: LogView, store: Pick<AppendRole, 'baton'>) {
    this.#log = log
    this.#store = store
  }

  get isHeld(): boolean {
    return this.#give !== null
  }

  /**
   * Keeps the baton, or waits for it. `kept`: as before; `alone`, `news`: taken, and nobody, or somebody, has appended since
   * it was given back; `none`: it did not come free in time, or the store has none.
   */
  async take(): Promise<'kept' | 'alone' | 'news' | 'none'> {
    if (this.#give !== null && (performance.now() < this.#until || this.#used < LEAST_APPENDS)) {
      this.#used++
      return 'kept'
    }
    await this.giveBack()
    if (this.#store.baton === undefined) return 'none'
    this.#give = await this.#foldWhile(this.#store.baton(this.#log.queue))
    if (this.#give === null) return 'none'
    this.#until = performance.now() + HOLD_MS
    this.#used = 1
    await readOn(this.#log)
    return this.#log.version === this.#leftAt ? 'alone' : 'news'
  }

  async giveBack(): Promise<void> {
    const give = this.#give
    this.#give = null
    this.#leftAt = this.#log.version
    await give?.()
  }

  async #foldWhile(waiting: Promise<(() => Promise<void>) | null>): Promise<(() => Promise<void>) | null> {
    let over = false
    const done = waiting.finally(() => {
      over = true
    })
    try {
      for (;;) {
        await Promise.race([done, pause(LOOK.everyMs)])
        if (over) return await done
        const { head, version } = this.#log
        if (head.version - version >= LOOK.events) await readOn(this.#log)
      }
    } catch (error) {
      // What could not be read will be told; the baton, when it comes, must not stay with us.
      void done.then((give) => give?.()).catch(() => {})
      throw error
    }
  }
}
