import { z } from 'zod'

const broadcast = z.object({
  topic: z.string(),
  event: z.string(),
  private: z.boolean(),
  payload: z.unknown(),
})

const row = z.record(z.string(), z.unknown()).nullish()

const change = z.object({
  schema: z.string(),
  table: z.string(),
  type: z.enum(['INSERT', 'UPDATE', 'DELETE']),
  record: row,
  old_record: row,
  errors: z.array(z.string()).optional(),
})

/** What `realtime.send` tells. */
export type DatabaseBroadcast = z.infer<typeof broadcast>

/** A change of a row, as `realtime_dev.note` tells it. */
export type Change = z.infer<typeof change>

/** Null for what is none: everybody who may connect to the database may notify. */
export const parseBroadcast = (text: string): DatabaseBroadcast | null =>
  broadcast.safeParse(jsonOf(text)).data ?? null

/** Null for what is none. */
export const parseChange = (text: string): Change | null => change.safeParse(jsonOf(text)).data ?? null

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
