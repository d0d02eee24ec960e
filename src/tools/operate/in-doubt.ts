import type { ActiveJobView, QueueView } from '../../engine/coordinator/index.ts'
import { InterlockError } from '../../engine/core/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import { readEvents } from '../history/index.ts'

const NAMED = 3

/** What is known of the jobs that ran when the backup was made. */
export interface Doubt {
  /** The jobs that nobody has decided yet. */
  readonly jobs: readonly ActiveJobView[]
  /** The queue was opened once since: do not ask again. */
  readonly isOpened: boolean
}

/**
 * Jobs that were active when the present epoch began, and still are. The new epoch made their tokens void, so a person has to say
 * how they ended. A job that started later, or in the first epoch, is not in doubt.
 */
export async function doubtOf(
  store: LogStore,
  { queue, epoch, active }: Pick<QueueView, 'queue' | 'epoch' | 'active'>,
): Promise<Doubt> {
  const detached = active().filter(({ workerId }) => workerId === null)
  const [oldest] = detached
  if (epoch === 1 || oldest === undefined) return { jobs: [], isOpened: false }
  const { begun, isOpened } = await epochAfter(store, queue, oldest.fencingToken)
  return { jobs: detached.filter(({ fencingToken }) => fencingToken < begun), isOpened }
}

/** Where the last epoch after an event began, and whether the queue was opened since. */
async function epochAfter(store: LogStore, queue: string, after: number) {
  const { events, archivedSeq } = await store.read(queue, after, 1)
  const isGone = events.length === 0 && archivedSeq > after
  // Of archived events only the epoch is known: it began there, unless a later one is found.
  let begun = isGone ? archivedSeq + 1 : 0
  let isOpened = false
  for await (const { type, seq } of readEvents({ store, queue }, { after: isGone ? archivedSeq : after })) {
    if (type === 'epoch_changed') [begun, isOpened] = [seq, false]
    if (type === 'resumed') isOpened = true
  }
  return { begun, isOpened }
}

/**
 * Refuses to open a queue while jobs are in doubt: they would keep their models for ever.
 * @throws InterlockError `job_not_active`, naming them
 */
export async function checkNoneInDoubt(store: LogStore, view: QueueView): Promise<void> {
  if (view.status !== 'draining') return
  const { jobs, isOpened } = await doubtOf(store, view)
  if (jobs.length === 0 || isOpened) return
  const named = jobs.slice(0, NAMED).map(({ jobId }) => jobId)
  const more = jobs.length > NAMED ? ` and ${jobs.length - NAMED} more` : ''
  throw new InterlockError(
    'job_not_active',
    `a backup was restored, and it is not decided yet how ${named.join(', ')}${more} ended; decide it with npx interlock-queue recover, or resume with --force: these jobs then keep their models`,
  )
}
