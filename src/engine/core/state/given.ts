/** What a program passes to the functions of the core that it may call itself. */
import { invalidInput, isInterlockError } from '../values/error.ts'
import type { RecordedEvent } from '../values/event.ts'
import type { Ledger } from './ledger.ts'

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** @throws InterlockError `invalid_input`, naming the path */
export function checkLedger(value: unknown, path = 'ledger'): asserts value is Ledger {
  if (isObject(value) && Number.isSafeInteger(value['version']) && isObject(value['jobs']) && 'line' in value)
    return
  throw invalidInput(`${path}: must be a ledger, such as emptyLedger or what ledgerAt gives`, path)
}

/** @throws InterlockError `invalid_input`, naming the path, for what does not have what every event has, of this release or a later one */
export function checkEvent(value: unknown, path = 'event'): asserts value is RecordedEvent {
  if (!isObject(value) || typeof value['type'] !== 'string') throw noEvent(path)
  if (!Number.isSafeInteger(value['seq']) || !Number.isSafeInteger(value['at'])) throw noEvent(path)
}

/** @param why behind a semicolon, if there is more to say */
export const noEvent = (path: string, why = '') =>
  invalidInput(`${path}: must be an event of a log, as readEvents gives it${why}`, path)

/** Reads an event of this release or a later one. @throws InterlockError `invalid_input` for a part that is not there; else what `read` throws */
export function readingPart<T>(event: RecordedEvent, path: string, read: (event: RecordedEvent) => T): T {
  try {
    return read(event)
  } catch (error) {
    if (isInterlockError(error) || !(error instanceof TypeError || error instanceof RangeError)) throw error
    throw noEvent(path, `; what is there cannot be read (${error.message})`)
  }
}
