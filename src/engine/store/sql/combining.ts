import * as z from 'zod'
import type { CombiningRole } from '../index.ts'
import { parseAnswer } from './parse-answer.ts'
import { publishedRow } from './published-command.ts'
import type { Rpc } from './rpc.ts'

/** A command of a newer release that this one cannot read is left to its sender. */
export const published = z.array(z.unknown()).transform((rows) =>
  rows.flatMap((one) => {
    const read = publishedRow.safeParse(one)
    return read.success ? [read.data] : []
  }),
)

const publishAnswer = z.discriminatedUnion('combines', [
  z.object({
    combines: z.literal(false),
    barren: z.int(),
    seen: z.object({ election: z.int(), oldest: z.int().nullable() }),
  }),
  z.object({ combines: z.literal(true), version: z.int(), published }),
])
const resignAnswer = z.object({ combines: z.boolean(), published })

/**
 * How processes combine their commands, over any transport.
 * @param address where this process hears the answers to what it publishes, if it does
 */
export function combiningBy(rpc: Rpc, address: () => string | undefined = () => undefined): CombiningRole {
  return {
    publish: async (queue, { sender, commands, waitMs, seen }) => {
      const answerTo = address()
      const addressed = answerTo === undefined ? commands : commands.map((one) => ({ ...one, answerTo }))
      const wait_ms = Math.ceil(waitMs)
      const answer = await rpc('job_queue_publish', { queue, sender, wait_ms, seen, commands: addressed })
      return parseAnswer(publishAnswer, answer, 'job_queue_publish')
    },
    resign: async (queue, answered) =>
      parseAnswer(resignAnswer, await rpc('job_queue_resign', { queue, ...answered }), 'job_queue_resign'),
  }
}
