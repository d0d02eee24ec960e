import { z } from 'zod'

const binding = z.object({
  event: z.enum(['*', 'INSERT', 'UPDATE', 'DELETE']),
  schema: z.string(),
  table: z.string().optional(),
  filter: z.string().optional(),
})

/** What a client asks for when it joins a channel. */
const joinPayload = z.object({
  config: z
    .object({
      broadcast: z.object({ ack: z.boolean().default(false), self: z.boolean().default(false) }).prefault({}),
      postgres_changes: z.array(binding).default([]),
      private: z.boolean().default(false),
    })
    .prefault({}),
  access_token: z.string().nullish(),
})

export type ChangeBinding = z.infer<typeof binding>
export type JoinPayload = z.infer<typeof joinPayload>

/** Null for a payload that is none. */
export function parseJoin(payload: unknown): JoinPayload | null {
  return joinPayload.safeParse(payload).data ?? null
}
