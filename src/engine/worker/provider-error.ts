import { invalidInput } from '../core/index.ts'
import { parseProviderError } from '../events/index.ts'
import { RetryLater } from './errors.ts'

/** An answer over HTTP, or the error of a provider's library, if it has these two. */
export interface ProviderResponse {
  readonly status?: number | undefined
  /** Those of `fetch`, or a plain object. */
  readonly headers?: { get(name: string): string | null | undefined } | object | null | undefined
}

export interface ProviderErrorOptions {
  /** The model to pause until then. @defaultValue none: only this job waits */
  readonly model?: string | undefined
  /** How long to wait if the answer does not say, in seconds. @defaultValue 30; 5 for a provider that is down */
  readonly seconds?: number | undefined
}

/** The provider limits requests (429), or is overloaded (529 of Anthropic). */
const busy: ReadonlySet<unknown> = new Set([429, 529])
/** It, or something before it, is down for the moment. */
const down: ReadonlySet<unknown> = new Set([502, 503, 504])
/** What an answer says is taken for a mistake beyond that. */
const DAY_SECONDS = 86_400
/** How long to wait for one that is down, and how often before each try costs an attempt: five minutes in all. */
const DOWN_SECONDS = 5
const MOST_DOWN = 60

/**
 * What a handler throws if its provider did not answer as it should. For 429 and 529 a {@link RetryLater}: the model is paused for as long
 * as the answer says (`retry-after-ms`, `Retry-After` in seconds or as a date, the `…ratelimit…reset…` headers of OpenAI, Anthropic and others), 1
 * second to a day, and the job goes back into the line at no cost of an attempt. No limit is changed. For 502 to 504, and for an error of the
 * network (refused, reset, not found, timed out), the same, after 5 s unless the answer says when, and 60 times at most: then each try costs
 * an attempt. For all else an error that names the status, with what was given as its `cause`: the attempt has failed.
 * @param response an answer over HTTP, or what a call of the provider has thrown
 * @throws InterlockError `invalid_input` for a model or a time that is not valid, and for what is no answer and no error
 * @example if (!response.ok) throw providerError(response, { model: 'gpt-5' })
 */
export function providerError(response: ProviderResponse | Error, options: ProviderErrorOptions = {}): Error {
  const { model, seconds } = parseProviderError(options)
  if (typeof response !== 'object' || response === null)
    throw invalidInput('response: must be an answer over HTTP, or an error that has its status', 'response')
  const { status, headers } = answerIn(response)
  const isDown = down.has(status) || (status === undefined && isOfNetwork(response))
  if (!isDown && !busy.has(status)) return failureOf(response)
  const wait = secondsIn(readerOf(headers)) ?? seconds ?? (isDown ? DOWN_SECONDS : 30)
  const within = Math.min(Math.max(wait, 1), DAY_SECONDS)
  return new RetryLater(
    {
      seconds: within,
      ...(model === undefined ? {} : { pauseModel: model }),
      ...(isDown ? { most: MOST_DOWN } : {}),
    },
    { cause: response },
  )
}

/** Libraries of providers put both into their errors. */
const answerIn = (response: ProviderResponse | Error): ProviderResponse => response as ProviderResponse

/** An error without a status says itself what is wrong. */
function failureOf(response: ProviderResponse | Error): Error {
  const { status } = answerIn(response)
  if (!(response instanceof Error))
    return new Error(`the provider answered with status ${status}`, { cause: response })
  if (status === undefined) return response
  return new Error(`the provider answered with status ${status}: ${response.message}`, { cause: response })
}

/** Codes of Node.js and of its `fetch`; libraries of providers have them in a cause. */
const network: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
])

function isOfNetwork(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 4) return false
  const { code, cause, name } = error as {
    readonly code?: unknown
    readonly cause?: unknown
    readonly name?: unknown
  }
  return network.has(code) || name === 'TimeoutError' || isOfNetwork(cause, depth + 1)
}

type Read = (name: string) => string | undefined

function readerOf(headers: ProviderResponse['headers']): Read {
  if (typeof headers !== 'object' || headers === null) return () => undefined
  if ('get' in headers && typeof headers.get === 'function') {
    const of = headers as { get(name: string): string | null | undefined }
    return (name) => of.get(name) ?? undefined
  }
  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => {
    const value: unknown = values.get(name)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
}

/** How long the answer says that one should wait; undefined: it does not. */
function secondsIn(read: Read): number | undefined {
  const sent = Date.parse(read('date') ?? '')
  const now = Number.isNaN(sent) ? Date.now() : sent
  const ms = Number(read('retry-after-ms') ?? Number.NaN)
  if (ms >= 0) return ms / 1_000
  return secondsOf(read('retry-after'), now) ?? longestReset(read, now)
}

const counted = ['requests', 'tokens', 'input-tokens', 'output-tokens']
/** What is counted, and the headers that say how much of it is left, and when there is all of it again. */
const resets: readonly (readonly [remaining: string, reset: string])[] = [
  ...counted.map((what) => [`x-ratelimit-remaining-${what}`, `x-ratelimit-reset-${what}`] as const),
  ...counted.map(
    (what) => [`anthropic-ratelimit-${what}-remaining`, `anthropic-ratelimit-${what}-reset`] as const,
  ),
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
]

/** Of what is used up, or may be. */
function longestReset(read: Read, now: number): number | undefined {
  const waits = resets.flatMap(([remaining, reset]) =>
    Number(read(remaining) ?? 0) > 0 ? [] : (secondsOf(read(reset), now) ?? []),
  )
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/

/** Seconds, such as `20`; `6m0s` and `12ms`; a date; the seconds or milliseconds since 1970. */
function secondsOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (number > 1e12) return (number - now) / 1_000
  if (number > 1e9) return number - now / 1_000
  if (number >= 0) return number
  const parts = DURATION.exec(text)
  if (parts !== null) {
    const [hours = 0, minutes = 0, seconds = 0, ms = 0] = parts.slice(1).map((part) => Number(part ?? 0))
    return hours * 3_600 + minutes * 60 + seconds + ms / 1_000
  }
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : (at - now) / 1_000
}
