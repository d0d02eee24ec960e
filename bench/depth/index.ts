import type { Bench } from '../frame/bench.ts'

export const depthBench: Bench = { name: 'depth', about: '', run: async () => [] }
