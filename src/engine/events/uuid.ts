/** A UUID of version 7 (RFC 9562): by the time, so that ids of one process sort in the order in which they were made. */
export function uuidV7(now: number = Date.now()): string {
  // Several in a millisecond count on; a clock that was set back is not followed.
  last = last !== undefined && now <= last.ms ? nextTo(last) : { ms: now, count: random(2) & 0x7ff }
  const time = last.ms.toString(16).padStart(12, '0')
  const count = (0x7000 | last.count).toString(16)
  const variant = (0x8000 | (random(2) & 0x3fff)).toString(16)
  const rest = random(6).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-${count}-${variant}-${rest}`
}

interface Made {
  readonly ms: number
  /** 12 bits. */
  readonly count: number
}

let last: Made | undefined

const nextTo = ({ ms, count }: Made): Made =>
  count < 0xfff ? { ms, count: count + 1 } : { ms: ms + 1, count: 0 }

/** @param bytes at most 6: as many as a number keeps exactly */
const random = (bytes: number): number =>
  crypto.getRandomValues(new Uint8Array(bytes)).reduce((sum, byte) => sum * 256 + byte, 0)
