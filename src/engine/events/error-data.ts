import type { Json } from '../core/index.ts'

/** Bytes of UTF-8. JSON's escapes at most double them: 16 KB in all. */
const most = { name: 200, message: 3_000, stack: 4_500 } as const

const unreadable = 'what was thrown cannot be read'

/** A thrown value as `job_queue_data.error` keeps it: `{ name, message, stack? }`, 16 KB at most. Never throws, for any value. */
export function errorData(thrown: unknown): Json {
  try {
    if (thrown instanceof Error) {
      const { name, message, stack } = thrown
      const head = { name: bounded(name, most.name), message: bounded(message, most.message) }
      return typeof stack === 'string' ? { ...head, stack: bounded(stack, most.stack) } : head
    }
    return { name: 'Error', message: bounded(textOf(thrown), most.message) }
  } catch {
    // A getter or a proxy of the thrown value threw in turn, so nothing more is known.
    return { name: 'Error', message: unreadable }
  }
}

/** The text of a thrown value, unchanged. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : textOf(thrown))
  } catch {
    return unreadable
  }
}

function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown)
  const { message } = thrown as { readonly message?: unknown }
  return typeof message === 'string' ? message : JSON.stringify(thrown)
}

// jsonb refuses NUL and half surrogates; other control characters take six bytes each and help nobody.
const unwanted = /[^\P{Cc}\n\t]/gu

function bounded(text: unknown, bytes: number): string {
  const sound = String(text).slice(0, bytes).toWellFormed().replace(unwanted, ' ')
  const encoded = new TextEncoder().encode(sound)
  if (encoded.length <= bytes) return sound
  // Not in the middle of a character: the following bytes of one start with the bits 10 in UTF-8.
  let end = bytes
  while (((encoded[end] ?? 0) & 0xc0) === 0x80) end--
  return new TextDecoder().decode(encoded.subarray(0, end))
}
