/** What a process knows of how far the log goes. */
export class Head {
  #version = 0
  #reachedAt = performance.now()
  readonly #onReached: () => void

  /** @param onReached told whenever the database has said that there is nothing more */
  constructor(onReached: () => void = () => {}) {
    this.#onReached = onReached
  }

  /** The last version that it has heard of, whoever told. */
  get version(): number {
    return this.#version
  }

  /** When it last knew of everything that was in the log, by `performance.now()`. */
  get reachedAt(): number {
    return this.#reachedAt
  }

  /** The log is known to go that far; infinite or absent: nothing is known. */
  hear(version: number | undefined): void {
    if (version !== undefined && Number.isFinite(version)) this.#version = Math.max(this.#version, version)
  }

  /** It has folded all there was a moment ago. @param version what a read says: what was heard may have been made up */
  reach(version = this.#version): void {
    this.#version = version
    this.#reachedAt = performance.now()
    this.#onReached()
  }
}
