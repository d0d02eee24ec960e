import type { Bench } from '../frame/bench.ts'
import { bytesRows } from './bytes.ts'
import { depthRows } from './line.ts'

export const depthBench: Bench = {
  name: 'depth',
  about:
    'the same at 100, 10,000 and 100,000 waiting jobs, through the store; and what a job takes in the database',
  run: async (context) => [...(await depthRows(context)), ...(await bytesRows(context))],
}
