import { invalidInput, type Micros } from '../../engine/core/index.ts'
import { momentOf, type TypedMoment, timesThere } from '../../tools/format/moment.ts'
import { opened } from '../../tools/history/access.ts'
import type { Access, Point } from '../../tools/history/index.ts'

/**
 * Refuses a text that is neither a sequence number nor a time, before anything is opened. @throws InterlockError `invalid_input`
 */
export function checkMoment(flag: string, text: string | undefined): void {
  if (text !== undefined && !isSeq(text)) momentIn(flag, text, 0)
}

/** The point of the log that was typed. @throws InterlockError `invalid_input` for a number that the log has not reached */
export async function pointOf(access: Access, flag: string, text: string): Promise<Point> {
  const { store, queue } = opened(access)
  const { version, now } = await store.rows(queue, 0, 1)
  return isSeq(text) ? checkedSeq(queue, flag, text, version) : momentIn(flag, text, now)
}

function checkedSeq(queue: string, flag: string, text: string, version: number): number {
  const seq = Number(text)
  if (seq <= version) return seq
  throw invalidInput(
    `${flag} ${text}: the log of queue ${queue} ends at ${version}; give a number up to that, or a time`,
  )
}

function momentIn(flag: string, text: string, now: Micros): TypedMoment {
  return momentOf(flag, text, now, `the number of an event, or ${timesThere}`)
}

const isSeq = (text: string): boolean => /^\d{1,16}$/.test(text)
