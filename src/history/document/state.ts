import { defaultPolicy, type JobRow, type StateRow } from '../../core/index.ts'
import { isoTimeOrNull } from '../../format/index.ts'
import { jobDocument } from './job.ts'
import { type PausedModel, pausedDocument } from './paused.ts'

/** The row of a queue, and the rows of the jobs that run. */
export interface RunningRows {
  readonly state: StateRow
  /** In any order. */
  readonly active: readonly JobRow[]
}

/** What a queue was doing at one moment. */
export type StateDocument = ReturnType<typeof stateDocument>

/**
 * What a queue was doing at one moment; a queue that nobody has opened is idle.
 * @param paused null: the log, which alone knows, could not be read
 */
export function stateDocument(rows: RunningRows | null, paused: readonly PausedModel[] | null) {
  const state = rows?.state
  return {
    status: state?.status ?? ('idle' as const),
    version: state?.version ?? 0,
    activeCount: state?.active_count ?? 0,
    waitingCount: state?.waiting_count ?? 0,
    activeModels: state?.active_models ?? [],
    policy: state?.policy ?? defaultPolicy,
    paused: paused?.map(pausedDocument) ?? null,
    drainedAt: isoTimeOrNull(state?.drained_at ?? null),
    updatedAt: isoTimeOrNull(state?.version ? state.updated_at : null),
    active: oldestFirst(rows?.active ?? []).map(jobDocument),
  }
}

/** Active jobs, the oldest start first. */
export const oldestFirst = (active: readonly JobRow[]): readonly JobRow[] =>
  active.toSorted((a, b) => (a.fencing_token ?? 0) - (b.fencing_token ?? 0))
