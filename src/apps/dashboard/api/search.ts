import { opened } from '../../../tools/history/access.ts'
import type { Point } from '../../../tools/history/index.ts'
import { searchLog } from '../../../tools/history/log-search.ts'
import { seesPeople } from '../guard/grant.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import type { SearchDocument } from './log-documents.ts'
import { type ApiQuery, momentIn, numberIn } from './reading.ts'

/** Events that one search finds, if no lower number is asked for. */
export const MOST_FOUND = 200

/** Events by time, by who did it and by what they say, the newest first: also those that no page has loaded. */
export async function foundEvents(reader: QueueReader, { query, allowed }: ApiQuery): Promise<Response> {
  const text = (name: string) => query.get(name)
  const found = await searchLog(opened({ store: reader.store, queue: reader.queue }), {
    since: await pointIn(reader, query, 'since'),
    until: await pointIn(reader, query, 'until'),
    type: text('type'),
    job: text('job'),
    worker: text('worker'),
    operator: text('operator'),
    words: query.getAll('word'),
    before: numberIn(query, 'before', Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER),
    limit: numberIn(query, 'limit', MOST_FOUND, 1, MOST_FOUND),
    withPeople: seesPeople(allowed),
  })
  const operators = [...found.operators].map(([workerId, operator]) => ({ workerId, ...operator }))
  const { queue } = reader
  return json({
    ...({ queue, operators, before: found.before } satisfies SearchDocument),
    events: found.events,
  })
}

/** A number of the log, or a time as it is typed on the command line. */
async function pointIn(
  reader: QueueReader,
  query: URLSearchParams,
  name: string,
): Promise<Point | undefined> {
  const text = query.get(name)
  if (text === null) return undefined
  if (/^\d{1,16}$/.test(text)) return Number(text)
  return momentIn(reader, name, text)
}
