import type { Bench } from '../frame/bench.ts'
import { depthRows } from './line.ts'

export const depthBench: Bench = {
  name: 'depth',
  about: 'the same at 100, 10,000 and 100,000 waiting jobs, through the store',
  run: depthRows,
}
