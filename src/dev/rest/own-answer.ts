import { RestFailure } from './failure.ts'
import { isStatus } from './raised.ts'

/** `response.status` as a statement set it. @throws RestFailure PGRST112 unless it begins with the number of a status */
export function ownStatus(text: string): number {
  const status = Number(/^\d+/.exec(text)?.[0] ?? Number.NaN)
  if (isStatus(status)) return status
  throw new RestFailure(500, {
    code: 'PGRST112',
    message: 'response.status guc must be a valid status code',
  })
}

/** Written by the server for the answer that it sends. */
const framing: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'],
])
const isSendable = (name: string, value: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

/** `response.headers` as a statement set it. @throws RestFailure PGRST111 unless it is `[{"name": "value"}, …]` */
export function ownHeaders(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listOf(text)
      .map(pairOf)
      .filter(([name]) => !framing.has(name.toLowerCase())),
  )
}

function listOf(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list
  } catch {
    // It is no JSON at all.
  }
  throw refusal()
}

function pairOf(value: unknown): readonly [string, string] {
  const [pair, another] = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (Array.isArray(value) || pair === undefined || another !== undefined) throw refusal()
  const [name, text]: [string, unknown] = pair
  if (typeof text !== 'string' || !isSendable(name, text)) throw refusal()
  return [name, text]
}

const refusal = (): RestFailure =>
  new RestFailure(500, {
    code: 'PGRST111',
    message:
      'response.headers guc must be a JSON array composed of objects with a single key and a string value',
  })
