import * as z from 'zod'
import type { DecidingRole, HandInAnswer } from '../../port/index.ts'
import { handed } from './handed.ts'
import { parseAnswer } from './parse-answer.ts'
import type { Rpc } from './rpc.ts'

const handInAnswer = z.discriminatedUnion('decides', [
  z
    .object({ decides: z.literal(false), decider: z.string().exactOptional(), to: z.string().nullish() })
    .transform(({ decider, to }): HandInAnswer => {
      return { decides: false, ...(decider && to && { decider: { decider, to } }) }
    }),
  z.object({ decides: z.literal(true), version: z.int(), handed }),
])
const pickUpAnswer = z.object({ decides: z.boolean(), handed })

/**
 * The calls with which one process carries out commands for all, over any transport.
 * @param address where this process hears the answers to what it hands in, if it does
 */
export function decidingBy(rpc: Rpc, address: () => string | undefined = () => undefined): DecidingRole {
  return {
    handIn: async (queue, { sender, forMs, commands, isAgain }) => {
      const answerTo = address()
      const to = answerTo === undefined ? {} : { answerTo }
      const addressed = commands.map((one) => ({ ...one, ...to, ...(isAgain && { again: true }) }))
      const answer = await rpc('job_queue_hand_in', { queue, sender, for_ms: forMs, commands: addressed })
      return parseAnswer(handInAnswer, answer, 'job_queue_hand_in')
    },
    pickUp: async (queue, { forMs, ...options }) => {
      const answer = await rpc('job_queue_pick_up', { queue, for_ms: forMs, ...options })
      return parseAnswer(pickUpAnswer, answer, 'job_queue_pick_up')
    },
  }
}
