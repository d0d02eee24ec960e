/** What programs said, and when: for a round that took longer than it should. */
export class Journal {
  readonly #lines: { readonly at: number; readonly text: string }[] = []

  note(who: string, text: string): void {
    for (const line of text.split('\n')) {
      if (line !== '') this.#lines.push({ at: performance.now(), text: `${who}: ${line}` })
    }
  }

  /** What was said since then, but not of single jobs; times in seconds from then on. */
  since(start: number): readonly string[] {
    return this.#lines
      .filter(({ at, text }) => at >= start && !text.includes('[WORKER]'))
      .map(({ at, text }) => `${((at - start) / 1_000).toFixed(2).padStart(7)} ${text}`)
  }
}
