import type { createClient, SupabaseClient } from '@supabase/supabase-js'
import * as z from 'zod'
import { invalidInput } from '../../core/index.ts'
import { parseInput } from '../../events/index.ts'

/**
 * The one function of `@supabase/supabase-js` that is needed. It is passed in, so that a bundle for another store does not
 * contain it.
 */
export type CreateClient = typeof createClient

/** A client for a server, made by a loaded driver. */
export function clientOver(create: CreateClient, url: string, key: string): SupabaseClient {
  parseInput(urlSchema, url, 'url')
  // The error of `fetch` for such a header would repeat the key.
  if (typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key)) throw invalidInput(unsendableKey, 'key')
  return create(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    db: { retry: false },
    global: { fetch: fetchNotingRetryAfter },
  })
}

const urlError = "must be the address of the project, such as 'https://<project>.supabase.co'"
const urlSchema = z
  .string(urlError)
  .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), urlError)

export const unsendableKey =
  'the key of the Supabase project is empty or broken: it has a line break, a blank or another character that no key has; copy it again, in one line'

const fetchNotingRetryAfter: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  const seconds = secondsOf(response.headers.get('retry-after'))
  if (response.ok || seconds === null) return response
  const { status, statusText, headers } = response
  const body = noted(await response.text(), seconds)
  return new Response(body, { status, statusText, headers: withoutLength(headers) })
}

/** The seconds to wait. The header holds seconds or a time. */
function secondsOf(header: string | null): number | null {
  if (header === null || header === '') return null
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}

/**
 * The body of an error, with what the header said. If the body is not JSON (from a gateway, for example), it becomes the message.
 */
function noted(text: string, seconds: number): string {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return JSON.stringify({ ...body, retryAfter: seconds })
  } catch {
    // HTML, or nothing.
  }
  return JSON.stringify({ message: text.slice(0, 300), retryAfter: seconds })
}

function withoutLength(headers: Headers): Headers {
  const kept = new Headers(headers)
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) kept.delete(name)
  return kept
}
