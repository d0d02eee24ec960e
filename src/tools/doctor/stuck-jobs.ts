import {
  explainLive,
  type Ledger,
  type LiveExplanation,
  operand,
  type QueueFacts,
  toldOf,
} from '../../engine/core/index.ts'
import { faultIn } from '../history/parts.ts'
import { count, type LiveRows, type Startable } from './live-rows.ts'

/** A job that does not go on by itself, in the words of `explain`. */
export type StuckJob = Pick<LiveExplanation, 'jobId' | 'code' | 'reason' | 'whatHasToHappen'>

/** Jobs that do not move on. */
export interface StuckJobs {
  /** Their worker is gone, or a time has passed that nobody has recorded. */
  readonly stuck: readonly StuckJob[]
  /** Jobs that may start, by kind. */
  readonly startable: ReadonlyMap<string, Startable>
}

/** As `explain` says it of each live job. */
export function stuckIn(facts: QueueFacts & { readonly ledger: Ledger }): StuckJobs {
  const stuck: StuckJob[] = []
  const startable = new Map<string, Startable>()
  for (const job of facts.ledger.jobs) {
    const { code } = toldOf(facts, job)
    if (code === 'offered' || code === 'no_worker') count(startable, job.spec.kind, job.jobId)
    const found = code === 'lost' || code === 'overdue' ? explainLive(facts, job.jobId) : undefined
    if (found !== undefined) stuck.push(found)
  }
  return { stuck, startable }
}

/** As far as the rows say it: of those that wait, only which may start. */
export function stuckByRows(rows: LiveRows, around: Pick<QueueFacts, 'now' | 'workers'>): StuckJobs {
  const fault = faultIn(around)
  const stuck = rows.active.flatMap((row): StuckJob[] => {
    const code = fault(row)
    if (code !== 'lost' && code !== 'overdue') return []
    const reason =
      code === 'lost' ? `it runs in worker ${row.worker_id}, which is gone` : 'it runs, past its time'
    const ends = `start a process of Interlock, which ends it; or: interlock cancel --force ${operand(row.job_id)}`
    const frees = 'start a process of Interlock: any process frees its models within 5 s'
    return [{ jobId: row.job_id, code, reason, whatHasToHappen: code === 'lost' ? frees : ends }]
  })
  return { stuck, startable: rows.startable }
}
