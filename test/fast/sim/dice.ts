/**
 * Chances that names alone decide: the n-th throw of a stream is the same whatever other streams gave meanwhile. So what one
 * process meets stays as it is when a run is made smaller somewhere else.
 */
export class Dice {
  #state: number

  constructor(...names: readonly (string | number)[]) {
    this.#state = seedOf(names.join('/'))
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T
  }

  /** Mostly short, sometimes long: what waiting for a machine is like. */
  delay(usual: number): number {
    const often = usual * (0.2 + this.next())
    return this.chance(0.1) ? often * this.between(1, 20) : often
  }
}

/** FNV-1a, with the mixing of murmur3 at the end: names that differ in one letter have nothing in common. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
}
