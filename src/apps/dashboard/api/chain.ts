import * as z from 'zod'
import { PAGE } from '../../../engine/store/index.ts'
import { json } from '../guard/headers.ts'
import type { QueueReader } from '../reader/queue-reader.ts'
import { queueName } from './fields.ts'
import { type ApiQuery, numberIn } from './reading.ts'

const hash = z.string().describe('SHA-256, in hexadecimal')

export const chainSchema = z.strictObject({
  queue: queueName,
  chain: z
    .strictObject({
      version: z.int().min(0).describe('of the last event'),
      chainFrom: z.int().min(0).describe('events after this one are chained'),
      start: hash
        .nullable()
        .describe('the hash from which it goes on; null: made from the name of the queue'),
      head: hash.describe('of the last event'),
      events: z
        .array(
          z.strictObject({
            seq: z.int().min(1).describe('the number of the event'),
            text: z.string().describe('the text that its hash is made over'),
            hash: hash
              .nullable()
              .describe('SHA-256 over that text and the hash before; null: it is not chained'),
          }),
        )
        .describe('a page of the events, in order'),
    })
    .nullable()
    .describe('null: the queue keeps no chain'),
})
export type ChainAnswer = z.infer<typeof chainSchema>

/** A page of the hash chain: each event as the text that its hash is made over, so that its reader can compute it again. */
export async function chainPage(reader: QueueReader, { query }: ApiQuery): Promise<Response> {
  const after = numberIn(query, 'after', 0, 0, Number.MAX_SAFE_INTEGER)
  const limit = numberIn(query, 'limit', PAGE, 1, PAGE)
  return json({ queue: reader.queue, chain: await reader.store.chain(reader.queue, after, limit) })
}
