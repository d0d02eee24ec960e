import { Dice } from './dice.ts'
import { type Entry, here, type Timeline } from './timeline.ts'

/** By the wall clock a run begins in 2025. */
export const WALL_START_MS = 1_750_000_000_000

/** What `setTimeout` gives: whether a timer keeps a process alive is nothing to a simulated one. */
class SimTimer {
  entry: Entry | undefined

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

type Run = (...args: unknown[]) => void

/**
 * Puts clock, timers and chance of the run in the place of the machine's, for everything that runs in this thread: the code
 * under test asks for them as always. Returns how to put the machine's back.
 */
export function takeOver(timeline: Timeline, seed: number): () => void {
  const nobody = new Dice(seed, 'nobody')
  const dice = () => here.getStore()?.dice ?? nobody
  const set = (run: Run, ms = 0, ...args: unknown[]) => {
    const timer = new SimTimer()
    timer.entry = timeline.later(Math.max(1, ms), here.getStore(), () => run(...args))
    return timer
  }
  const repeat = (run: Run, ms = 0, ...args: unknown[]) => {
    const timer = new SimTimer()
    const host = here.getStore()
    const again = () => {
      timer.entry = timeline.later(Math.max(1, ms), host, again)
      run(...args)
    }
    timer.entry = timeline.later(Math.max(1, ms), host, again)
    return timer
  }
  const soon = (run: Run, ...args: unknown[]) => timeline.later(0, here.getStore(), () => run(...args))
  const clear = (timer: SimTimer | undefined) => {
    if (timer?.entry !== undefined) timer.entry.off = true
  }
  const random = (bytes: Uint8Array) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = dice().whole(0, 255)
    return bytes
  }
  const wall = () => WALL_START_MS + Math.round(timeline.now)
  return replaced([
    [globalThis, 'setTimeout', set],
    [globalThis, 'setInterval', repeat],
    [globalThis, 'setImmediate', soon],
    [globalThis, 'clearTimeout', clear],
    [globalThis, 'clearInterval', clear],
    [performance, 'now', () => timeline.now],
    [Date, 'now', wall],
    [Math, 'random', () => dice().next()],
    [crypto, 'getRandomValues', random],
  ])
}

type Replacement = readonly [owner: object, name: string, value: unknown]

function replaced(all: readonly Replacement[]): () => void {
  const before = all.map(
    ([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)] as const,
  )
  for (const [owner, name, value] of all)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true })
  return () => {
    for (const [owner, name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, descriptor)
    }
  }
}
