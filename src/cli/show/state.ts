import { defaultPolicy, type JobRow, MICROS_PER_MS, type Micros } from '../../core/index.ts'
import type { Projection } from '../../port/index.ts'
import { clip, count, duration, isoTimeOrNull, models } from '../format.ts'
import type { Frame } from '../frame.ts'
import { jobDocument } from '../job-document.ts'
import { policyText } from '../policy-text.ts'
import { facts, table } from '../terminal/table.ts'

const SHOWN = 10

/** What a queue was doing at one moment, for programs; a queue that nobody has opened is idle. */
export function stateDocument(projection: Projection | null) {
  const state = projection?.state
  return {
    status: state?.status ?? 'idle',
    version: state?.version ?? 0,
    activeCount: state?.active_count ?? 0,
    waitingCount: state?.waiting_count ?? 0,
    activeModels: state?.active_models ?? [],
    policy: state?.policy ?? defaultPolicy,
    drainedAt: isoTimeOrNull(state?.drained_at ?? null),
    updatedAt: isoTimeOrNull(state?.version ? state.updated_at : null),
    active: activeRows(projection).map(jobDocument),
  }
}

/** Active jobs, the oldest start first. */
const activeRows = (projection: Projection | null): readonly JobRow[] =>
  (projection?.jobs ?? [])
    .filter((job) => job.state === 'active')
    .toSorted((a, b) => (a.fencing_token ?? 0) - (b.fencing_token ?? 0))

/**
 * The same for people: facts, and what runs.
 * @param title goes before the facts of the state, `more` after them
 */
export function stateText(
  frame: Frame,
  projection: Projection | null,
  now: Micros,
  title: readonly (readonly [string, string])[],
  more: readonly (readonly [string, string])[] = [],
): string {
  const { dim } = frame.colors
  const state = projection?.state
  const head = facts(
    [
      ...title,
      ['status', `${state?.status ?? 'idle'}, version ${count(state?.version ?? 0)}`],
      ['jobs', `${count(state?.active_count ?? 0)} active, ${count(state?.waiting_count ?? 0)} waiting`],
      ['policy', policyText(state?.policy ?? defaultPolicy)],
      ...more,
    ],
    dim,
  )
  const active = activeRows(projection)
  if (active.length === 0) return head
  const rows = active
    .slice(0, SHOWN)
    .map((job) => [
      clip(job.job_id, 24),
      job.job_type,
      clip(models(job.models), 32),
      duration((now - (job.started_at ?? now)) / MICROS_PER_MS),
    ])
  const rest = active.length > SHOWN ? `\n… and ${active.length - SHOWN} more: interlock queue` : ''
  return `${head}\n\n${table(['running', 'type', 'models', 'for'], rows, { heading: dim, right: [3] })}${rest}`
}
