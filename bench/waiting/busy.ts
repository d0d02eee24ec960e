import { monitorEventLoopDelay } from 'node:perf_hooks'
import { peakMb } from '../frame/peak.ts'

export interface Busy {
  readonly seconds: number
  /** The longest time for which nothing else in the process got its turn. */
  readonly blockMs: number
  /** The process at its largest, so far. */
  readonly peakMb: number
}

/** Does the work, and answers what it took from this process. */
export async function busyWith(work: () => Promise<unknown>): Promise<Busy> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const from = performance.now()
  await work()
  const seconds = (performance.now() - from) / 1_000
  // What has held up the loop at the very end is counted at its next turn.
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  return { seconds, blockMs: delay.max / 1e6, peakMb: peakMb() }
}
