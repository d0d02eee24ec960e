import { capacityOf, type Policy } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { Auditor } from '../../../tools/audit/index.ts'
import { count, duration, plural } from '../../../tools/format/index.ts'
import { firstLedger, verify } from '../../../tools/history/index.ts'
import type { Frame } from '../frame.ts'
import type { WorkloadJob } from '../workload/line.ts'
import type { RunLog } from './run-log.ts'

/** What `run --json` ends with: this run only, times in milliseconds by the clock of the log. */
export interface RunReport {
  /** Jobs of the file. */
  readonly jobs: number
  /** How many of them completed. */
  readonly completed: number
  /** How many did not. */
  readonly failed: number
  /** From the first start to the last end. */
  readonly elapsedMs: number
  /** All durations added. */
  readonly serialMs: number
  /** The least that any schedule needs. */
  readonly lowerBoundMs: number
  /** The most that ran at once. */
  readonly maxConcurrent: number
  /** Events of this run. */
  readonly events: number
  /** How many promises `audit` found broken. */
  readonly violations: number
  /** Whether `verify` found everything right. */
  readonly verified: boolean
}

/** Judges a finished run by its log: the audit checks the promises, the fold checks the rows. */
export async function reportOf(
  frame: Frame,
  store: LogStore,
  run: RunLog,
  jobs: readonly WorkloadJob[],
  { policy, timeScale }: { readonly policy: Policy; readonly timeScale: number },
): Promise<RunReport> {
  const access = { ...frame.access(store), onNote: undefined }
  const auditor = new Auditor(await firstLedger(access))
  const { ok } = await verify(access, { alsoSee: (event) => auditor.push(event) })
  const { violations } = auditor.report()
  const ms = (seconds: number) => rounded(seconds * timeScale * 1_000)
  return {
    jobs: jobs.length,
    completed: run.completed,
    failed: run.failed,
    elapsedMs: rounded(run.elapsedMs),
    serialMs: ms(totalSeconds(jobs)),
    lowerBoundMs: ms(lowerBoundSeconds(jobs, policy)),
    maxConcurrent: run.maxConcurrent,
    events: run.events,
    violations: violations.filter(({ seq }) => seq >= run.beginSeq).length,
    verified: ok,
  }
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000

export function reportText(report: RunReport): readonly string[] {
  const { jobs, completed, failed, elapsedMs, serialMs, lowerBoundMs } = report
  const ratio = lowerBoundMs > 0 ? ` (${(elapsedMs / lowerBoundMs).toFixed(3)} × the bound)` : ''
  return [
    `${plural(jobs, 'job')}: ${count(completed)} completed, ${count(failed)} failed`,
    `took ${duration(elapsedMs)}${ratio}; one at a time ${duration(serialMs)}, no schedule under ${duration(lowerBoundMs)}`,
    `at most ${report.maxConcurrent} at once, ${plural(report.events, 'event')}, ${plural(report.violations, 'violation')}, ${report.verified ? 'verified' : 'NOT VERIFIED'}`,
  ]
}

/** The seconds of work of all jobs together: what one job at a time would take. */
export const totalSeconds = (jobs: readonly WorkloadJob[]): number =>
  jobs.reduce((sum, job) => sum + job.seconds, 0)

/**
 * No schedule can be faster than this, in seconds: every model has to carry its own load with the places it has, and all slots
 * together have to carry everything.
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
