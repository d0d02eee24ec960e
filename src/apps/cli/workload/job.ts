import type { EnqueueInput } from '../../../engine/events/index.ts'

/** One line of a workload file: a job, and for how long it keeps its models. */
export interface WorkloadJob {
  readonly input: EnqueueInput
  readonly seconds: number
  /** Where it stands in the file, from 1. */
  readonly line: number
}

export interface Workload {
  readonly file: string
  readonly jobs: readonly WorkloadJob[]
  /** What is wrong with the lines that were left out; empty unless that was asked for. */
  readonly skipped: readonly string[]
}

/** More than this per job is more likely a mistake in the unit than a job. */
export const MOST_SECONDS = 7 * 24 * 3_600
