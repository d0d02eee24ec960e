import { defaultPolicy, type JobRow, MICROS_PER_MS } from '../../core/index.ts'
import type { Projection, WorkerRow } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { clip, count, duration, models } from '../format.ts'
import type { Frame } from '../frame.ts'
import { dateOf, jobDocument } from '../job-document.ts'
import { policyText } from '../policy-flags.ts'
import { withStore } from '../store.ts'
import { facts, table } from '../terminal/table.ts'

/** What one look at the store saw. */
interface Look {
  readonly store: string
  readonly now: number
  readonly projection: Projection | null
  readonly workers: readonly WorkerRow[]
}

const SHOWN = 10

export function addStatus(cli: Cli): void {
  cli.command(
    'status',
    'what runs, what waits, and who works; reads only',
    [
      ['status', 'also while a run goes on in another terminal'],
      ['status --json', 'the same for programs'],
    ],
    async (frame) => {
      const look = await withStore<Look>(frame, async (store) => ({
        store: store.name,
        projection: await store.projection(frame.queue),
        workers: await store.workers(frame.queue),
        now: (await store.read(frame.queue, 0, 1)).now,
      }))
      frame.emit(documentOf(frame, look), textOf(frame, look))
    },
  )
}

function documentOf(frame: Frame, { store, projection, workers }: Look) {
  const state = projection?.state
  return {
    queue: frame.queue,
    store,
    status: state?.status ?? 'idle',
    version: state?.version ?? 0,
    activeCount: state?.active_count ?? 0,
    waitingCount: state?.waiting_count ?? 0,
    activeModels: state?.active_models ?? [],
    policy: state?.policy ?? defaultPolicy,
    drainedAt: dateOf(state?.drained_at ?? null),
    updatedAt: dateOf(state?.version ? state.updated_at : null),
    active: activeOf(projection).map(jobDocument),
    workers: workers.map(({ startedAt, beatAt, expiresAt, ...worker }) => ({
      ...worker,
      startedAt: dateOf(startedAt),
      beatAt: dateOf(beatAt),
      expiresAt: dateOf(expiresAt),
    })),
  }
}

const activeOf = (projection: Projection | null): readonly JobRow[] =>
  (projection?.jobs ?? [])
    .filter((job) => job.state === 'active')
    .toSorted((a, b) => (a.fencing_token ?? 0) - (b.fencing_token ?? 0))

function textOf(frame: Frame, look: Look): string {
  const { dim, bold } = frame.colors
  const { projection, workers, now, store } = look
  const state = projection?.state
  const active = activeOf(projection)
  const inState = (wanted: WorkerRow['state']) => workers.filter(({ state }) => state === wanted).length
  const head = facts(
    [
      ['queue', `${bold(frame.queue)} in ${store}`],
      ['status', `${state?.status ?? 'idle'}, version ${count(state?.version ?? 0)}`],
      ['jobs', `${count(state?.active_count ?? 0)} active, ${count(state?.waiting_count ?? 0)} waiting`],
      ['policy', policyText(state?.policy ?? defaultPolicy)],
      ['workers', `${inState('live')} live${inState('late') > 0 ? `, ${inState('late')} late` : ''}`],
    ],
    dim,
  )
  if (active.length === 0) return head
  const rows = active
    .slice(0, SHOWN)
    .map((job) => [
      clip(job.job_id, 24),
      job.job_type,
      clip(models(job.models), 32),
      duration((now - (job.started_at ?? now)) / MICROS_PER_MS),
    ])
  const more = active.length > SHOWN ? `\n… and ${active.length - SHOWN} more: interlock queue` : ''
  return `${head}\n\n${table(['running', 'type', 'models', 'for'], rows, { heading: dim, right: [3] })}${more}`
}
