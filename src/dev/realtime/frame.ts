/** One message of Realtime's protocol (Phoenix channels, version 2): a JSON array of five. */
export interface Frame {
  readonly joinRef: string | null
  readonly ref: string | null
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

export const encodeFrame = ({ joinRef, ref, topic, event, payload }: Frame): string =>
  JSON.stringify([joinRef, ref, topic, event, payload])

/** Null for what is not a frame. A client's broadcast comes as binary: kind 3, five lengths, an encoding, the parts. */
export function decodeFrame(data: Buffer, isBinary: boolean): Frame | null {
  try {
    return isBinary ? decodeBroadcast(data) : decodeText(data.toString('utf8'))
  } catch {
    return null
  }
}

function decodeText(text: string): Frame | null {
  const [joinRef = null, ref = null, topic, event, payload] = JSON.parse(text)
  if (typeof topic !== 'string' || typeof event !== 'string') return null
  return { joinRef, ref, topic, event, payload }
}

const BROADCAST_KIND = 3
const JSON_ENCODING = 1
const HEADER_BYTES = 7

function decodeBroadcast(data: Buffer): Frame | null {
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
