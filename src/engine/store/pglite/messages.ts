import * as z from 'zod'
import { errorCodes } from '../../core/index.ts'
import { functionNames } from '../sql/index.ts'

const args = z.record(z.string(), z.unknown())
const name = z.enum(functionNames)

/** What a process sends to the owner. A turn is a `begin`, then one `finish` or `give_up` with its number. */
export const requestSchema = z.discriminatedUnion('do', [
  z.object({ id: z.int(), do: z.literal('call'), name, args }),
  z.object({ id: z.int(), do: z.literal('begin'), turn: z.int(), queue: z.string(), since: z.int() }),
  z.object({ id: z.int(), do: z.literal('finish'), turn: z.int(), name, args }),
  z.object({ id: z.int(), do: z.literal('give_up'), turn: z.int() }),
])
export type OwnerRequest = z.infer<typeof requestSchema>

const failure = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  details: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]),
  ),
})

/** What the owner sends: a greeting, an answer, a failure, or what the database announces. */
export const replySchema = z.union([
  z.object({ owner: z.int() }),
  z.object({ wake: z.string() }),
  z.object({ id: z.int(), failed: failure }),
  z.object({ id: z.int(), answer: z.unknown() }),
])
export type ReplyFailure = z.infer<typeof failure>
export type Reply = z.infer<typeof replySchema>
