import { isInterlockError } from '../../engine/core/index.ts'
import type { Opened } from './access.ts'
import { type BadEvent, restore } from './bad-event.ts'

/** Checks archived events that were kept. Readers would take missing ones for dropped. */
export async function checkKept({ store, queue }: Opened): Promise<BadEvent | null> {
  const kept = await store.kept(queue)
  if (kept === null) return null
  const { first, through, missing, changed } = kept
  if (missing !== null) {
    const what = `it was archived and kept (events ${first} to ${through}), and is not in job_queue_log_archive any more`
    return { seq: missing, what, todo: restore }
  }
  const what = `one of the events that were archived and kept (${first} to ${through}) was changed`
  return changed ? { seq: first, what, todo: restore } : null
}

/** The result of a reading. If it failed because kept events are missing, which is known already: `otherwise`. */
export async function unlessGone<T>(kept: BadEvent | null, reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (kept !== null && isInterlockError(error, 'archived')) return otherwise
    throw error
  }
}
