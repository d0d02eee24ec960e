/** How often something happened in the last second. */
export class Rate {
  #times: number[] = []

  count(): void {
    this.#times = [...this.#recent(), performance.now()]
  }

  lately(): number {
    return this.#recent().length
  }

  #recent(): number[] {
    const since = performance.now() - 1_000
    return this.#times.filter((time) => time > since)
  }
}
