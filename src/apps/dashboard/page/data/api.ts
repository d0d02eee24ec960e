import type { RefusalDocument } from '../../guard/refused.ts'
import { localText } from '../frame/time.ts'

/** The server refused, or did not answer. What it says has its times in the user's time zone. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** 0: the server did not answer. */
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(localText(message))
    this.status = status
    this.code = code
  }
}

/** Where the page is mounted, whatever stands before it. */
export const mount = new URL('./', document.baseURI)

/** @throws ApiError */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(new URL(path, mount), { credentials: 'same-origin', ...init }).catch(() => {
    throw new ApiError(0, 'unreachable', 'the server of this page does not answer')
  })
  if (response.ok) return response
  const document = (await response.json().catch(() => null)) as RefusalDocument | null
  const { code, message } = document?.error ?? { code: 'failed', message: `answered ${response.status}` }
  throw new ApiError(response.status, code, message)
}

/** @throws ApiError */
export const getJson = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await ask(path, signal === undefined ? {} : { signal })).json() as Promise<T>

/** @throws ApiError */
export const postJson = async <T>(path: string, body: unknown): Promise<T> =>
  (
    await ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  ).json() as Promise<T>

/** The address of something of a queue: `ofQueue('default', 'log')`. */
export const ofQueue = (queue: string, ...path: readonly string[]): string =>
  ['api', 'queues', queue, ...path].map(encodeURIComponent).join('/')
