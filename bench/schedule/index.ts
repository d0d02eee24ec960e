import type { Bench } from '../frame/bench.ts'

export const scheduleBench: Bench = { name: 'schedule', about: '', run: async () => [] }
