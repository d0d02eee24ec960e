import type { Coordinator } from '../coordinator/index.ts'
import { InterlockError } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import type { Frame } from './frame.ts'
import { orCut } from './history/fold.ts'
import { readLog } from './read-log.ts'

const NAMED = 3

/**
 * Refuses to open a queue while nobody has said what became of the jobs that ran when the backup was made: they would keep
 * their models, whatever becomes of them.
 * @throws InterlockError `job_not_active`, naming them
 */
export async function checkNoneInDoubt(
  frame: Frame,
  coordinator: Coordinator,
  store: LogStore,
): Promise<void> {
  const jobIds = await jobsInDoubt(frame, coordinator, store)
  if (jobIds.length === 0) return
  const more = jobIds.length > NAMED ? ` and ${jobIds.length - NAMED} more` : ''
  throw new InterlockError(
    'job_not_active',
    `a backup was restored, and nobody has said what became of ${jobIds.slice(0, NAMED).join(', ')}${more}; say it with interlock recover, or resume with --force, which leaves them their models`,
  )
}

/** Jobs that were active when the present epoch began, as long as nothing has started in it. */
async function jobsInDoubt(
  frame: Frame,
  coordinator: Coordinator,
  store: LogStore,
): Promise<readonly string[]> {
  const { epoch, status, active } = coordinator.state()
  const detached = active().filter(({ workerId }) => workerId === null)
  const [oldest] = detached
  if (epoch === 1 || status !== 'draining' || oldest === undefined) return []
  let begun = 0
  const after = await orCut(frame, store, oldest.fencingToken)
  for await (const { type, seq } of readLog(store, frame.queue, after)) {
    if (type === 'epoch_changed') begun = seq
    if (type === 'resumed') begun = 0
  }
  return detached.filter(({ fencingToken }) => fencingToken < begun).map(({ jobId }) => jobId)
}
