import { lengthOf } from '../../codec/index.ts'
import type { DataChange, Json } from '../../core/index.ts'
import type { AppendRole } from '../../port/index.ts'
import { retryWithin, type TimeLimit } from '../base/retry.ts'
import type { Pending } from './open-commands.ts'

/**
 * If a command carries more than this, in characters of JSON, its data is sent ahead. An append holds the queue's lock, and its
 * times have to be right when it arrives: a slow uplink would break both.
 */
const LARGE = 32_768
/** A call with many jobs may carry more: the events and rows of each job take twice as much of its append anyway. */
const PER_JOB = 256
/** The most in one call, unless a single job has more: at 100 KB/s it arrives before the call times out. */
const MOST_IN_A_CALL = 262_144

export interface StagingOptions {
  readonly store: Pick<AppendRole, 'stage'>
  readonly queue: string
  readonly limit: TimeLimit
}

/**
 * Sends large payloads, results and errors ahead of the append that they belong to, under the id of their command. The append
 * takes them over inside the database. If the append never comes, they are deleted later.
 */
export class Staging {
  readonly #options: StagingOptions
  /** One call after the other: they share the link, and the API's few connections, with the user's front end. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: StagingOptions) {
    this.#options = options
  }

  /** Resolves once the append of this command is small. @throws what the store throws when the time is up */
  async settle(pending: Pending): Promise<void> {
    const { data = [], command } = pending
    const sizes = sizesOf(data)
    pending.weight = sum(sizes)
    if (pending.weight <= Math.max(LARGE, data.length * PER_JOB)) return
    await this.#inTurn(() => this.#send(command.id, data, sizes))
    pending.weight = 0
    pending.isStaged = true
  }

  /** Sends again what the store no longer has. */
  async again(pendings: Iterable<Pending>): Promise<void> {
    for (const { command, data = [] } of pendings) {
      const sizes = sizesOf(data)
      await this.#inTurn(() => this.#send(command.id, data, sizes))
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  async #send(commandId: string, data: readonly DataChange[], sizes: readonly number[]): Promise<void> {
    const { store, queue, limit } = this.#options
    for (const call of inCalls(data, sizes)) {
      await retryWithin(limit, () => store.stage(queue, commandId, call))
    }
  }
}

function inCalls(data: readonly DataChange[], sizes: readonly number[]): readonly (readonly DataChange[])[] {
  const calls: DataChange[][] = []
  let room = 0
  for (const [i, change] of data.entries()) {
    const size = sizes[i] ?? 0
    const call = calls.at(-1)
    if (call === undefined || size > room) {
      calls.push([change])
      room = MOST_IN_A_CALL - size
    } else {
      call.push(change)
      room -= size
    }
  }
  return calls
}

const sizesOf = (data: readonly DataChange[]): readonly number[] =>
  data.map((change) => lengthOf(change as unknown as Json))

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
