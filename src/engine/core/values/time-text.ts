import { MICROS_PER_MS, type Micros } from './job.ts'

/** A time as messages show it. */
export const timeText = (at: Micros): string => new Date(at / MICROS_PER_MS).toISOString()
