import * as z from 'zod'
import { type CommandBody, type DataChange, isCommandType } from '../../core/index.ts'
import type { CombiningRole, PublishedCommand } from '../index.ts'
import { parseAnswer } from './parse-answer.ts'
import type { Rpc } from './rpc.ts'

/** Its sender has checked it. Only processes that may append can publish. */
const body = z.custom<CommandBody>((value) => isCommandType((value as CommandBody | null)?.type))

const publishedRow = z
  .object({
    sender: z.string(),
    command: z.object({
      command: z.object({
        id: z.string(),
        hash: z.int(),
        workerId: z.string(),
        claim: z
          .object({
            max: z.int(),
            kinds: z.array(z.string()).nullable(),
            batches: z.array(z.object({ kind: z.string(), size: z.int() })).exactOptional(),
            serves: z.array(z.string()).exactOptional(),
            keeps: z.int().exactOptional(),
          })
          .exactOptional(),
        body,
      }),
      data: z.array(z.custom<DataChange>()).exactOptional(),
      answerTo: z.string().exactOptional(),
    }),
  })
  .transform(({ sender, command }): PublishedCommand => ({ sender, ...command }))

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
