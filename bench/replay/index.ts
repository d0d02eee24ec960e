import type { Bench } from '../frame/bench.ts'
import { databaseRows } from './database.ts'
import { memoryRows } from './in-memory.ts'

export const replayBench: Bench = {
  name: 'replay',
  about: 'a log of 1,000,000 events with 1,000 jobs waiting, folded to the state of the queue',
  run: async (context) => [...(await memoryRows(context)), ...(await databaseRows(context))],
}
