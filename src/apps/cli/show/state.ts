import { defaultPolicy, MICROS_PER_MS, triesText } from '../../../engine/core/index.ts'
import { count, duration, models } from '../../../tools/format/index.ts'
import { policyBeginning } from '../../../tools/format/policy-text.ts'
import {
  type Around,
  faultIn,
  oldestFirst,
  type PausedModel,
  type RunningRows,
} from '../../../tools/history/documents.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'
import { facts } from '../terminal/table.ts'
import { pausedFacts } from './paused.ts'

/** Characters of a policy. `interlock policy` says all of it. */
const MOST_OF_POLICY = 200

const SHOWN = 10

export interface StateFacts {
  readonly paused: readonly PausedModel[] | null
  /** Printed before the facts of the state, and `more` after them. */
  readonly title: readonly (readonly [string, string])[]
  readonly more?: readonly (readonly [string, string])[]
}

/** The state for people: facts, and the running jobs. */
export function stateText(
  frame: Frame,
  rows: RunningRows | null,
  around: Around,
  { paused, title, more = [] }: StateFacts,
): readonly string[] {
  const { dim } = frame.colors
  const state = rows?.state
  const head = facts(
    [
      ...title,
      ['status', `${state?.status ?? 'idle'}, version ${count(state?.version ?? 0)}`],
      ['jobs', `${count(state?.active_count ?? 0)} active, ${count(state?.waiting_count ?? 0)} waiting`],
      ['policy', policyBeginning(state?.policy ?? defaultPolicy, MOST_OF_POLICY)],
      ...pausedFacts(paused ?? []),
      ...more,
    ],
    dim,
  )
  const active = oldestFirst(rows?.active ?? [])
  if (active.length === 0) return head
  const lines = active
    .slice(0, SHOWN)
    .map((job) => [
      job.job_id,
      job.kind,
      models(job.models),
      triesText(job),
      placeOf(job.worker_id, faultIn(around)(job)),
      duration((around.now - (job.started_at ?? around.now)) / MICROS_PER_MS),
    ])
  const rest = active.length > SHOWN ? [`… and ${active.length - SHOWN} more: npx interlock-queue queue`] : []
  const heads = ['running', 'kind', 'models', 'attempt', 'in', 'for']
  const give = { models: 12, kind: 10, in: 14, running: 36 }
  return [...head, '', ...grid(frame, heads, lines, { heading: dim, right: [5], give }), ...rest]
}

/** Where a job runs, at which places, and what is wrong there. */
export function placeOf(
  workerId: string | null,
  fault: string | null,
  places: Readonly<Record<string, string>> | null = null,
): string {
  const at = places === null ? '' : ` at ${[...new Set(Object.values(places))].join(', ')}`
  return `${workerId ?? 'detached'}${at}${fault === null ? '' : ` (${fault})`}`
}
