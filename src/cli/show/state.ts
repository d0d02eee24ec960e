import { defaultPolicy, type JobRow, MICROS_PER_MS, type Micros } from '../../core/index.ts'
import { count, duration, isoTimeOrNull, models } from '../../format/index.ts'
import { jobDocument } from '../../history/document/job.ts'
import { type PausedModel, pausedDocument, pausedFacts } from '../../history/document/paused.ts'
import type { Projection } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { policyText } from '../policy-text.ts'
import { grid } from '../terminal/grid.ts'
import { facts } from '../terminal/table.ts'

const SHOWN = 10

/**
 * What a queue was doing at one moment, for programs; a queue that nobody has opened is idle.
 * @param paused null: the log, which alone knows, could not be read
 */
export function stateDocument(projection: Projection | null, paused: readonly PausedModel[] | null) {
  const state = projection?.state
  return {
    status: state?.status ?? 'idle',
    version: state?.version ?? 0,
    activeCount: state?.active_count ?? 0,
    waitingCount: state?.waiting_count ?? 0,
    activeModels: state?.active_models ?? [],
    policy: state?.policy ?? defaultPolicy,
    paused: paused?.map(pausedDocument) ?? null,
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

export interface StateFacts {
  readonly paused: readonly PausedModel[] | null
  /** Goes before the facts of the state, `more` after them. */
  readonly title: readonly (readonly [string, string])[]
  readonly more?: readonly (readonly [string, string])[]
}

/** The same for people: facts, and what runs. */
export function stateText(
  frame: Frame,
  projection: Projection | null,
  now: Micros,
  { paused, title, more = [] }: StateFacts,
): string {
  const { dim } = frame.colors
  const state = projection?.state
  const head = facts(
    [
      ...title,
      ['status', `${state?.status ?? 'idle'}, version ${count(state?.version ?? 0)}`],
      ['jobs', `${count(state?.active_count ?? 0)} active, ${count(state?.waiting_count ?? 0)} waiting`],
      ['policy', policyText(state?.policy ?? defaultPolicy)],
      ...pausedFacts(paused ?? []),
      ...more,
    ],
    dim,
  )
  const active = activeRows(projection)
  if (active.length === 0) return head
  const rows = active
    .slice(0, SHOWN)
    .map((job) => [
      job.job_id,
      job.kind,
      models(job.models),
      `${job.attempt} of ${job.attempts}`,
      job.worker_id ?? 'detached',
      duration((now - (job.started_at ?? now)) / MICROS_PER_MS),
    ])
  const rest = active.length > SHOWN ? `\n… and ${active.length - SHOWN} more: interlock queue` : ''
  const heads = ['running', 'kind', 'models', 'attempt', 'in', 'for']
  const give = { models: 12, kind: 10, in: 14, running: 36 }
  return `${head}\n\n${grid(frame, heads, rows, { heading: dim, right: [5], give })}${rest}`
}
