import type { RecordedEvent } from '../core/index.ts'
import { columnsOf } from './event-codec.ts'
import type { EventRow } from './event-row.ts'

/** The row of `job_queue_log` for an event. {@link decodeEvent} returns the same event. */
export function encodeEvent(event: RecordedEvent): EventRow {
  const { data: own = {}, ...columns } = columnsOf(event)
  if (event.offers) own['offers'] = offersData(event.offers, columns.job_id)
  return {
    seq: event.seq,
    at: event.at,
    event_type: event.type,
    ...columns,
    ...(event.workerId === undefined ? undefined : { worker_id: event.workerId }),
    ...(isEmpty(own) ? undefined : { data: own }),
    command_id: event.commandId,
    command_hash: event.commandHash,
  }
}

/** `true` means "the job itself": the common case, without its id a second time. */
function offersData(offers: readonly string[], jobId: string | undefined): true | readonly string[] {
  return offers.length === 1 && offers[0] === jobId ? true : offers
}

const isEmpty = (data: Readonly<Record<string, unknown>>): boolean => Object.keys(data).length === 0
