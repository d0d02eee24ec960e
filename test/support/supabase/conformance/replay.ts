import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SignJWT } from 'jose'
import type { LocalSupabase } from '../index.ts'

/** One request to PostgREST 14.5 with Supabase's settings, and what it answered. */
export interface RecordedAnswer {
  readonly section: string
  readonly label: string
  /** The role of the token that goes along; `anon`: none. Other words are tokens that are refused. */
  readonly as: string
  /** Method and path below /rest/v1. */
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly status: number
  /** The body, where it has to be alike too: as JSON, without regard to white space. */
  readonly answer?: string
}

/** A request whose answer this server does not give: `now` is its status, `names` what the answer names instead. */
export interface DroppedAnswer extends RecordedAnswer {
  readonly now: number
  readonly names: string
}

export type Verdict =
  | { readonly kind: 'alike' }
  | { readonly kind: 'different'; readonly status: number; readonly body: string }

export const jwtSecret = 'a secret of the conformance test, long enough'

export const conformanceSchema = readFileSync(path.join(import.meta.dirname, 'schema.sql'), 'utf8')

export function recordedAnswers(): readonly RecordedAnswer[] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, 'answers.json'), 'utf8'))
}

/** What was recorded too, and is not answered so any more. */
export function droppedAnswers(): readonly DroppedAnswer[] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, 'dropped.json'), 'utf8'))
}

/** Sends the request to `server` and compares. */
export async function replay(recorded: RecordedAnswer, server: LocalSupabase): Promise<Verdict> {
  const { status, body } = await answerOf(recorded, server)
  const alike =
    status === recorded.status && (recorded.answer === undefined || sameJson(recorded.answer, body))
  return alike ? { kind: 'alike' } : { kind: 'different', status, body }
}

export async function answerOf(
  recorded: RecordedAnswer,
  server: LocalSupabase,
): Promise<{ readonly status: number; readonly body: string }> {
  const [method = '', path = ''] = recorded.request.split(' ')
  const token = await tokenFor(recorded.as, server)
  const response = await fetch(`${server.url}/rest/v1${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...recorded.headers,
    },
    ...(recorded.body === undefined ? {} : { body: recorded.body }),
  })
  return { status: response.status, body: await response.text() }
}

async function tokenFor(as: string, { keys }: LocalSupabase): Promise<string | undefined> {
  const key = new TextEncoder().encode(jwtSecret)
  const signed = (claims: Record<string, unknown>, exp: number) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(exp).sign(key)
  switch (as) {
    case 'anon':
      return undefined
    case 'service_role':
      return keys.serviceRoleJwt
    case 'authenticated':
      return keys.signIn('00000000-0000-0000-0000-000000000001')
    case 'opaque key as bearer':
      return 'sb_secret_of_another_project'
    case 'expired':
      return signed({ role: 'service_role' }, 1_000_000_000)
    case 'unknown role':
      return signed({ role: 'nosuch' }, 4_000_000_000)
    case 'no role claim':
      return signed({}, 4_000_000_000)
    default:
      throw new Error(`answers.json: nobody is called ${as}`)
  }
}

/** Numbers as they are written: 9007199254740993 is not 9007199254740992. */
function sameJson(a: string, b: string): boolean {
  return canonical(a) === canonical(b)
}

const canonical = (text: string): string => (text === '' ? '' : JSON.stringify(sorted(documentOf(text))))

/** A JSON text with every number as `number <as it is written>`, so that no digit is lost in parsing. */
function documentOf(text: string): unknown {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `"number ${token}"`,
  )
  return JSON.parse(marked)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
