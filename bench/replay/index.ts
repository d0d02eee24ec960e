import type { Bench } from '../frame/bench.ts'

export const replayBench: Bench = { name: 'replay', about: '', run: async () => [] }
