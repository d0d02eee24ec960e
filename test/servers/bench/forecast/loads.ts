import { byModel } from '../../../../bench/core/line.ts'
import type { Load } from './replay.ts'

const loading = {
  ...byModel,
  capacity: { '*': 4 },
  warm: { maxPassed: 16, maxPassedSeconds: 600, minLoadedSeconds: 0, loadSeconds: { '*': 10, 'lora-*': 1 } },
}
const four = { processes: 1, slots: 4, policy: byModel }
const cards = { processes: 4, slots: 1, keeps: 2, policy: loading }

/** Bursts come as fast as they are done: of all jobs of a stretch at once, or of fifty. */
export const loads: readonly { readonly name: string; readonly load: Load }[] = [
  { name: 'four slots, 1,000 at once', load: { ...four, burst: 1_000 } },
  { name: 'four slots, bursts of 50', load: { ...four, burst: 50 } },
  { name: 'loads, 1,000 at once', load: { ...cards, burst: 1_000 } },
  { name: 'loads, bursts of 50', load: { ...cards, burst: 50 } },
]
