import * as z from 'zod'

/** One message of Realtime's protocol (Phoenix channels, version 2): a JSON array of five. */
export interface PhoenixMessage {
  readonly joinRef: string | null
  readonly ref: string | null
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

export const encodeFrame = ({ joinRef, ref, topic, event, payload }: PhoenixMessage): string =>
  JSON.stringify([joinRef, ref, topic, event, payload])

/** Null if it is not a frame. A client's broadcast is binary: kind 3, five lengths, an encoding, the parts. */
export function decodeFrame(data: Buffer, isBinary: boolean): PhoenixMessage | null {
  try {
    return isBinary ? decodeBroadcast(data) : decodeText(data.toString('utf8'))
  } catch {
    return null
  }
}

function decodeText(text: string): PhoenixMessage | null {
  const [joinRef = null, ref = null, topic, event, payload] = JSON.parse(text)
  if (typeof topic !== 'string' || typeof event !== 'string') return null
  return { joinRef, ref, topic, event, payload }
}

const BROADCAST_KIND = 3
const JSON_ENCODING = 1
const HEADER_BYTES = 7

function decodeBroadcast(data: Buffer): PhoenixMessage | null {
  const [kind, ...lengths] = data.subarray(0, HEADER_BYTES - 1)
  if (kind !== BROADCAST_KIND || data[HEADER_BYTES - 1] !== JSON_ENCODING) return null
  let at = HEADER_BYTES
  const [joinRef = '', ref = '', topic = '', event = ''] = lengths.map((length) => {
    at += length
    return data.toString('utf8', at - length, at)
  })
  const payload = JSON.parse(data.toString('utf8', at))
  return {
    joinRef: joinRef || null,
    ref: ref || null,
    topic,
    event: 'broadcast',
    payload: { type: 'broadcast', event, payload },
  }
}

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
      broadcast: z
        .object({
          ack: z.boolean().default(false),
          self: z.boolean().default(false),
          replay: z.unknown().optional(),
        })
        .prefault({}),
      presence: z.object({ enabled: z.boolean().default(false) }).prefault({}),
      postgres_changes: z.array(binding).default([]),
      private: z.boolean().default(false),
    })
    .prefault({}),
  access_token: z.string().nullish(),
})

export type ChangeBinding = z.infer<typeof binding>
export type JoinPayload = z.infer<typeof joinPayload>

/** Null if the payload is not that of a join. */
export function parseJoin(payload: unknown): JoinPayload | null {
  return joinPayload.safeParse(payload).data ?? null
}

/** Why a channel cannot be as the client wants it; null: it can. */
export function refusalOf({ config }: JoinPayload): string | null {
  const { presence, broadcast: own } = config
  if (presence.enabled) return lacking('presence')
  const asked = Object.entries(own).find(([, value]) => value !== false && value != null)
  return asked === undefined ? null : lacking(`broadcast.${asked[0]}`)
}

/** The text for an option of Realtime that this server does not carry out. */
export const lacking = (option: string): string =>
  `501: the stand-in for Supabase has no ${option}; use \`supabase start\` for it`

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

/** A message of `realtime.send`. */
export type DatabaseBroadcast = z.infer<typeof broadcast>

/** A change of a row, in the form of `realtime_dev.note`. */
export type RowChange = z.infer<typeof change>

/** Null if it is not a broadcast: any role that may connect to the database may send notifications. */
export const parseBroadcast = (text: string): DatabaseBroadcast | null =>
  broadcast.safeParse(jsonOf(text)).data ?? null

/** Null if it is not a change. */
export const parseChange = (text: string): RowChange | null => change.safeParse(jsonOf(text)).data ?? null

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
