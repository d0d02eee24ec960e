/**
 * A new worker id: made at start, never reused, and short, since every event carries it. With a name, the log shows who did
 * something: `oncall:w3fK0aB9`.
 */
export function newWorkerId(name?: string): string {
  const bytes = crypto.getRandomValues(Buffer.alloc(6))
  const id = `w${bytes.toString('base64url').replace(/[-_]/g, '0')}`
  return name === undefined ? id : `${name}:${id}`
}

/** Makes the command ids of one incarnation, which are unique without asking the database. */
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
