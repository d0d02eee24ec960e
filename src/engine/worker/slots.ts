import { type Claim, placesTaken, type Started } from '../core/index.ts'

/** The places of one worker for running attempts, of which a batch takes one: used, promised to a command under way, or free. */
export class Slots {
  readonly #claim: Omit<Claim, 'max'>
  readonly #onChange: (free: number) => void
  #free: number
  #closed = false

  constructor(
    size: number,
    { onChange, ...claim }: Omit<Claim, 'max'> & { readonly onChange: (free: number) => void },
  ) {
    this.#claim = claim
    this.#onChange = onChange
    this.#free = size
  }

  get free(): number {
    return this.#closed ? 0 : this.#free
  }

  /** Nothing is claimed any more. */
  close(): void {
    this.#closed = true
    this.#onChange(0)
  }

  /** The slot of an attempt that ended without a command that could use it again. */
  give(count: number): void {
    this.#free += count
    this.#onChange(this.free)
  }

  /**
   * Promises all free slots, and `back` that have just come free, to one command. Slots that it does not use are free again.
   * Without a slot, or once closed, the command has no claim.
   */
  async with(
    back: number,
    send: (claim: Claim | undefined) => Promise<readonly Started[]>,
  ): Promise<readonly Started[]> {
    const max = this.#free + back
    this.#free = 0
    let used = 0
    try {
      const claim = this.#closed || max === 0 ? undefined : { max, ...this.#claim }
      const started = await send(claim)
      used = placesTaken(started)
      return started
    } finally {
      this.give(max - used)
    }
  }
}
