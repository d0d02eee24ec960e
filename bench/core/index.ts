import type { Bench } from '../frame/bench.ts'
import { decisionRows } from './decision.ts'
import { eventRows } from './events.ts'
import { memoryRows } from './memory.ts'

export const coreBench: Bench = {
  name: 'core',
  about:
    'decisions without a store, in time of the deciding thread; the line keeps its length while it is worked on',
  run: async (context) => [
    ...(await decisionRows(context)),
    ...(await memoryRows(context)),
    ...(await eventRows(context)),
  ],
}
