import type { Command, CommandBody } from '../../core/index.ts'

/** The most commands in one append, and jobs that they put in line. It limits the time under the queue's lock to some tens of milliseconds. */
const MOST_COMMANDS = 500
/** From so many waiting commands on they go in two halves. */
const SPLIT = 64
/** The most data in one append, in characters of JSON: a quarter of a second at 1 MB/s. Larger data goes ahead. */
const MOST_DATA = 262_144

interface Batched {
  readonly command?: Pick<Command, 'body'>
  readonly weight?: number
}

/** Takes what goes into the next append from the head of the waiting commands. */
export function takeBatch<Item extends Batched>(pending: Item[], most = MOST_COMMANDS): Item[] {
  let count = 0
  let steps = 0
  let whole = 0
  for (const { command, weight = 0 } of pending) {
    steps += stepsOf(command?.body)
    whole += weight
    if (count > 0 && (steps > most || whole > MOST_DATA)) break
    count++
  }
  return pending.splice(0, count)
}

/** A command that puts jobs in line counts for as many. */
const stepsOf = (body: CommandBody | undefined): number =>
  body?.type === 'enqueue' ? Math.max(1, body.specs.length) : 1

/** How many go into an append that finds none under way: of many one half, so that its answers are worked off while the other is written. */
export const halfOf = (waiting: number): number =>
  waiting < SPLIT ? MOST_COMMANDS : Math.min(MOST_COMMANDS, Math.ceil(waiting / 2))
