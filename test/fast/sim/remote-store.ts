import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import type { Dice } from './dice.ts'
import type { SimDatabase } from './fail-over.ts'
import type { Pace } from './pace.ts'
import type { Script } from './script.ts'
import type { Host, Timeline } from './timeline.ts'

/** What a process sees of the network. */
export interface Line extends Host {
  /** Nothing that it sends before then arrives; its requests arrive, but no answer comes. */
  readonly cutUntil: number
  readonly muteUntil: number
}

export interface NetworkOptions {
  readonly timeline: Timeline
  readonly database: SimDatabase
  readonly network: Script['network']
  /** Absent: the database takes no time of its own. */
  readonly pace?: Pace
  /** From then on nothing gets lost any more. */
  readonly isHealed: () => boolean
  readonly note: (who: string, what: string) => void
  /** The database has changed, or may have. */
  readonly onCarriedOut: () => void
}

type Call = (...args: readonly unknown[]) => Promise<unknown>

/** How long a client waits for an answer that never comes, in milliseconds. */
const GIVE_UP_MS = 1_000

/** The database as a process reaches it: over a line that delays, loses and doubles. */
export function remoteStore(line: Line, options: NetworkOptions): LogStore {
  const near = memoryStore(options.database)
  const remote: Record<string, unknown> = { name: 'simulated' }
  for (const [name, call] of Object.entries(near)) {
    if (typeof call !== 'function') continue
    remote[name] = new Wire(line, options, name, call as Call).call
  }
  const combining = Object.entries(near.combining ?? {}).map(([name, call]) => [
    name,
    new Wire(line, options, name, call as Call).call,
  ])
  if (options.network.combines === true) remote['combining'] = Object.fromEntries(combining)
  remote['listen'] = listenOver(line, options, near)
  remote['close'] = async () => {}
  return remote as unknown as LogStore
}

/** One kind of call of one process. */
class Wire {
  readonly #line: Line
  readonly #options: NetworkOptions
  readonly #name: string
  readonly #near: Call

  constructor(line: Line, options: NetworkOptions, name: string, near: Call) {
    this.#line = line
    this.#options = options
    this.#name = name
    this.#near = near
  }

  readonly call: Call = (...args) => {
    const { timeline, network, isHealed } = this.#options
    const { dice } = this.#line
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const [delay, back] = [dice.delay(network.delay), dice.delay(network.delay)]
    const chance = dice.next()
    const isLost = !isHealed() && (this.#line.cutUntil > timeline.now || chance < network.lost)
    if (isLost) {
      this.#later(this.#failsAfter(dice), () => reject(away(this.#name)))
      return promise
    }
    const isDoubled = !isHealed() && dice.chance(network.doubled)
    const answer = (settle: () => void) => {
      const unanswered = !isHealed() && (this.#isMute || chance > 1 - network.unanswered)
      if (unanswered) this.#later(this.#failsAfter(dice), () => reject(away(this.#name)))
      else this.#later(back, settle)
    }
    const { answerMs } = network
    if (answerMs !== undefined) this.#later(answerMs, () => reject(away(this.#name)))
    timeline.later(delay, undefined, () => this.#arrive(args, answer, resolve, reject))
    if (isDoubled)
      timeline.later(delay + dice.delay(20), undefined, () => this.#arrive(args, answer, resolve, reject))
    return promise
  }

  get #isMute(): boolean {
    const { timeline } = this.#options
    return this.#isAway || this.#line.muteUntil > timeline.now || this.#line.cutUntil > timeline.now
  }

  /** No server serves. */
  get #isAway(): boolean {
    return this.#options.database.awayUntil > this.#options.timeline.now
  }

  #failsAfter(dice: Dice): number {
    return dice.chance(0.5) ? dice.between(0, 20) : dice.between(20, GIVE_UP_MS)
  }

  #later(ms: number, run: () => void): void {
    this.#options.timeline.later(ms, this.#line, run)
  }

  /** It takes its time at the database. */
  #arrive(
    args: readonly unknown[],
    answer: (settle: () => void) => void,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { ms, thenMs, error } = this.#options.pace?.take(this.#name) ?? {
      ms: 0,
      thenMs: 0,
      error: undefined,
    }
    const afterwards = (wait: number, run: () => void) => {
      if (wait === 0) run()
      else this.#options.timeline.later(wait, undefined, run)
    }
    const late = (settle: () => void) => afterwards(thenMs, () => answer(settle))
    if (error !== undefined) afterwards(ms, () => answer(() => reject(error)))
    else afterwards(ms, () => this.#carryOut(args, late, resolve, reject))
  }

  /** At the database, by what a process sent: whether that process is still there is nothing to it. */
  #carryOut(
    args: readonly unknown[],
    answer: (settle: () => void) => void,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    if (this.#isAway) return answer(() => reject(away(this.#name)))
    const done = this.#near(...args)
    this.#options.note(this.#line.name, this.#name)
    this.#options.onCarriedOut()
    done.then(
      (value) => answer(() => resolve(value)),
      (error) => answer(() => reject(error)),
    )
  }
}

/** Notifications come late, twice, or not at all. */
function listenOver(line: Line, { timeline, network }: NetworkOptions, near: LogStore): LogStore['listen'] {
  return async (queue, onWake) => {
    let isOver = false
    const stop = await near.listen(queue, (wake) => {
      const { dice } = line
      if (!line.isAlive) return void stop()
      if (dice.chance(network.deaf) || line.cutUntil > timeline.now) return
      const deliver = () => {
        if (!isOver) onWake(wake)
      }
      timeline.later(dice.delay(network.delay), line, deliver)
      if (dice.chance(network.doubled)) timeline.later(dice.delay(200), line, deliver)
    })
    return async () => {
      isOver = true
      await stop()
    }
  }
}

function away(call: string): InterlockError {
  return new InterlockError('store_unavailable', `${call}: the database cannot be reached`)
}
