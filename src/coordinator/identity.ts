import { randomBytes } from 'node:crypto'

/** An incarnation of a worker process: made at start, never reused, and short, since every event carries it. */
export function newWorkerId(): string {
  return `w${randomBytes(6).toString('base64url').replace(/[-_]/g, '0')}`
}

/** Command ids of one incarnation: unique without asking anybody. */
export class CommandIds {
  readonly #prefix: string
  #count = 0

  constructor(workerId: string) {
    this.#prefix = workerId
  }

  next(): string {
    return `${this.#prefix}.${(this.#count++).toString(36)}`
  }
}
