import type { JobRow, Micros } from '../../engine/core/index.ts'
import type { Projection, Submitted, WorkerRow } from '../../engine/store/index.ts'
import { isoTimeOrNull } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { ROWS } from '../history/compare-rows.ts'
import { type RunningRows, stateDocument } from '../history/documents.ts'
import type { Access, StateDocument } from '../history/index.ts'
import { censusOf } from '../insight/census.ts'
import { type Wrong, wrongIn } from '../insight/wrong.ts'
import { deadLately, MOST_DEAD, type WrongFacts } from '../insight/wrong-facts.ts'
import { type Logged, loggedAt } from './look.ts'
import { type WorkerDocument, type Working, whoWorks, workingDocument } from './workers.ts'

/** What `status` gives: the document that `interlock status --json` prints. */
export interface StatusDocument extends StateDocument {
  /** Which queue. */
  readonly queue: string
  /** Where it is kept, without credentials. */
  readonly store: string
  /** The processes that work or wait at the gate; a dead one only while it holds jobs. */
  readonly workers: readonly WorkerDocument[]
  /** `{ commands, rows, oldestAt }`: what came in by SQL and as rows of `jobs`, and nobody has decided, up to 10,001 of each; since when the oldest of it waits. */
  readonly undecided: Submitted['refused'] & { readonly oldestAt: string | null }
  /** `{ commands, rows }`: what was refused and has not come in since: commands of the last day, and rows. */
  readonly refused: Submitted['refused']
  /** What is wrong (docs/reference/alerts.md#what-can-be-wrong), the problems first; null: the log cannot be read. */
  readonly wrong: readonly WrongDocument[] | null
}

/** What is wrong: times as ISO texts. */
export type WrongDocument = Omit<Wrong, 'since'> & { readonly since: string | null }

/** What one look at the rows and the log saw. */
export interface QueueStatus extends Logged {
  readonly queue: string
  readonly store: string
  readonly now: Micros
  /** Null: nobody has opened the queue. */
  readonly rows: RunningRows | null
  readonly workers: readonly WorkerRow[]
  readonly ending: ReadonlySet<string>
  readonly submitted: Submitted
  readonly wrong: readonly Wrong[] | null
}

/**
 * Shows what runs, how many jobs wait, and which processes work. Reads only and does not join the queue, so looking changes
 * nothing.
 * @throws InterlockError `invalid_input`; `corrupt_log`; `store_unavailable`. If the log cannot be folded, it does not fail:
 * `paused` is null then
 */
export async function status(access: Access): Promise<StatusDocument> {
  return statusDocument(await standingOf(access))
}

export async function standingOf(given: Access): Promise<QueueStatus> {
  const access = opened(given)
  const { store, queue } = access
  const rows = await activeRows(access)
  const around = {
    workers: await store.workers(queue),
    ending: new Set(await store.committedEnds(queue)),
    submitted: await store.submitted(queue, 1),
  }
  const logged = await loggedAt(access, rows?.state.version ?? 0)
  const { now } = await store.rows(queue, 0, 1)
  const wrong =
    logged.ledger === null ? null : await wrongAt(access, { ...around, now, ledger: logged.ledger })
  return { queue, store: store.name, rows, ...around, ...logged, now, wrong }
}

type StatusParts = Pick<WrongFacts, 'now' | 'ledger' | 'workers' | 'ending'> & Pick<QueueStatus, 'submitted'>

async function wrongAt(
  { store, queue }: Opened,
  { submitted, ...facts }: StatusParts,
): Promise<readonly Wrong[]> {
  return wrongIn({
    ...facts,
    census: censusOf(facts),
    outside: await store.backlog(queue),
    refused: submitted,
    dead: deadLately(await store.dead(queue, { limit: MOST_DEAD }), facts.now),
  })
}

/** In pages: jobs on later pages may have started or ended since. */
async function activeRows({ store, queue, signal }: Opened): Promise<RunningRows | null> {
  const active = new Map<string, JobRow>()
  for (let after: string | null = null; ; ) {
    const page: Projection | null = await store.projectionPage(queue, { after, limit: ROWS, isActive: true })
    if (page === null) return null
    for (const row of page.jobs) active.set(row.job_id, row)
    after = page.jobs.at(-1)?.job_id ?? null
    if (page.jobs.length < ROWS) return { state: page.state, active: [...active.values()] }
    signal.throwIfAborted()
  }
}

export const workingIn = ({ rows, workers, ledger }: QueueStatus): readonly Working[] =>
  whoWorks(workers, rows?.active ?? [], ledger ?? { servers: [], keepers: [] })

export function statusDocument(standing: QueueStatus): StatusDocument {
  const { queue, store, rows, paused, submitted, wrong } = standing
  const { oldestAt, ...undecided } = submitted.undecided
  return {
    queue,
    store,
    ...stateDocument(rows, paused, standing),
    workers: workingIn(standing).map(workingDocument),
    undecided: { ...undecided, oldestAt: isoTimeOrNull(oldestAt) },
    refused: submitted.refused,
    wrong: wrong?.map(({ since, ...one }) => ({ ...one, since: isoTimeOrNull(since) })) ?? null,
  }
}
