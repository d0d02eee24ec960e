/** What the waiting jobs of a queue wait for, in groups. */
import {
  capacityOf,
  codesIn,
  hasWorkerAmong,
  type Job,
  type Ledger,
  modelOf,
  type QueueFacts,
  type ReasonCode,
  reasonCodeOf,
} from '../../../../../engine/core/index.ts'
import { mayStart } from '../../../../../tools/insight/census.ts'
import { turn } from '../../frame/turn.ts'

interface ReasonGroup {
  readonly code: ReasonCode
  readonly model: string | null
  jobs: number
}

/** The waiting jobs, by what they wait for and by whose they are, the most first. */
export interface WaitingGroups {
  readonly reasons: readonly ReasonGroup[]
  /** By fair key; null: jobs without one. Empty: no job has one. */
  readonly customers: readonly { readonly key: string | null; readonly jobs: number }[]
}

/** In pieces, so that a long line keeps nobody waiting. */
export async function groupsIn(
  facts: QueueFacts,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<WaitingGroups> {
  const hasWorker = facts.workers === null ? undefined : hasWorkerAmong(ledger, facts.workers)
  const codeOf = codesIn({ ...facts, ledger })
  const groups = new Map<string, ReasonGroup>()
  const customers = new Map<string | null, number>()
  let n = 0
  for (const job of ledger.jobs) {
    if (++n % 500 === 0) await turn(signal)
    if (job.active) continue
    customers.set(job.spec.fairKey, (customers.get(job.spec.fairKey) ?? 0) + 1)
    // Jobs that may start are one group, as health and doctor count them.
    const may = mayStart(codeOf(job), job)
    const group = groupOf(ledger, job, may ? 'offered' : reasonCodeOf(ledger, job, facts.now, hasWorker))
    const key = `${group.code} ${group.model}`
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { ...group, jobs: 1 })
    else known.jobs++
  }
  const keys = [...customers].map(([key, jobs]) => ({ key, jobs }))
  return {
    reasons: [...groups.values()].toSorted(byJobs),
    customers: keys.every(({ key }) => key === null) ? [] : keys.toSorted(byJobs),
  }
}

const byJobs = (a: { readonly jobs: number }, b: { readonly jobs: number }): number => b.jobs - a.jobs

const groupOf = (ledger: Ledger, job: Job, code: ReasonCode): Omit<ReasonGroup, 'jobs'> => ({
  code: code === 'behind_in_line' ? 'model_in_use' : code,
  model: modelFor(ledger, job, code),
})

/** The model that keeps it; null: it is no model, or nobody can tell which. */
function modelFor(ledger: Ledger, { held, blockedOn, spec }: Job, code: ReasonCode): string | null {
  if (code === 'model_paused' || code === 'fits_no_place') return held?.on ?? null
  if (code !== 'model_in_use' && code !== 'behind_in_line') return null
  const isFull = (name: string) => modelOf(ledger, name).holders.size >= capacityOf(ledger.policy, name)
  return blockedOn ?? spec.models.find(isFull) ?? spec.models[0] ?? null
}
