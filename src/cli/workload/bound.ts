import { capacityOf, type Policy } from '../../core/index.ts'
import type { WorkloadJob } from './job.ts'

/** Seconds of work in all: what one job at a time would take. */
export const totalSeconds = (jobs: readonly WorkloadJob[]): number =>
  jobs.reduce((sum, job) => sum + job.seconds, 0)

/**
 * No schedule can be faster than this, in seconds: every model has to carry its own load with the places it has, and
 * all slots together the whole.
 */
export function lowerBoundSeconds(jobs: readonly WorkloadJob[], policy: Policy): number {
  const loads = new Map<string, number>()
  let longest = 0
  let inSlots = 0
  for (const { input, seconds } of jobs) {
    longest = Math.max(longest, seconds)
    if (input.models.length > 0) inSlots += seconds
    for (const model of input.models) loads.set(model, (loads.get(model) ?? 0) + seconds)
  }
  const perModel = [...loads].map(([model, load]) => load / capacityOf(policy, model))
  const perSlot = policy.maxActive === null ? 0 : inSlots / policy.maxActive
  return perModel.reduce((most, load) => Math.max(most, load), Math.max(longest, perSlot))
}
