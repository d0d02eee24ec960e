import type { Bench } from '../frame/bench.ts'

export const appendBench: Bench = { name: 'append', about: '', run: async () => [] }
