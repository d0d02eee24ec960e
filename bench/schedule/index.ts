import type { Bench } from '../frame/bench.ts'
import { scheduleRows } from './schedule.ts'

export const scheduleBench: Bench = {
  name: 'schedule',
  about:
    'time to finish over the lower bound (the busiest model, or all slots busy), simulated without any overhead: 64 slots, capacity 1; and how often checkpoints are loaded where workers keep one',
  run: scheduleRows,
}
