import type { Bench } from './frame/bench.ts'

type Loaders = Readonly<Record<string, () => Promise<Bench>>>

/** Those that run unless others are named. Each is loaded when it runs: all at once take a second, with what they measure beside us. */
const usual: Loaders = {
  core: async () => (await import('./core/index.ts')).coreBench,
  replay: async () => (await import('./replay/index.ts')).replayBench,
  schedule: async () => (await import('./schedule/index.ts')).scheduleBench,
  metrics: async () => (await import('./metrics/index.ts')).metricsBench,
}

/** Those that run only when they are named: they take long, or are a test. */
const onDemand: Loaders = {
  peers: async () => (await import('./peers/index.ts')).peersBench,
  worker: async () => (await import('./worker/index.ts')).workerBench,
  growth: async () => (await import('./growth/index.ts')).growthBench,
  slow: async () => (await import('./slow/index.ts')).slowBench,
  storm: async () => (await import('./storm/index.ts')).stormBench,
  guard: async () => (await import('./guard/index.ts')).guardBench,
  million: async () => (await import('./million/index.ts')).millionBench,
  overload: async () => (await import('./overload/index.ts')).overloadBench,
}

const benches: Loaders = { ...usual, ...onDemand }

export const names = Object.keys(benches)
export const usualNames = Object.keys(usual)

/** Those of these names, one after the other, in the order in which they are listed here. */
export async function* chosenBenches(chosen: readonly string[]): AsyncGenerator<Bench> {
  for (const [name, load] of Object.entries(benches)) if (chosen.includes(name)) yield await load()
}
