import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/engine/core/index.ts'
import { safeBeginning, scrubbed } from '../../../src/engine/events/index.ts'

const of = (message: string, ...given: readonly Json[]) => scrubbed(new Error(message), given)

describe('the message of an error in a trace', () => {
  it.each([
    ['connect ECONNREFUSED', 'connect ECONNREFUSED'],
    ['no user "Zoë Quinn" here', 'no user … here'],
    ['mail to zoe@example.org bounced', 'mail to … bounced'],
    ['GET https://example.org/a?token=1 failed', 'GET … failed'],
    ['card 4111111111111111 refused', 'card … refused'],
    ['run 3f2b8c1d-aaaa not found', 'run … not found'],
    ['first line\nsecond: secret', 'first line'],
    ['"unclosed secret', undefined],
    ['order 12345 is unknown', 'order … is unknown'],
    ['no room\u0007\u001b[2J left', 'no room  [2J left'],
  ])('%j becomes %j', (message, expected) => expect(of(message)).toBe(expected))

  it('has no word of what the handler was given, wherever it stands', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abcdeABCDE12 -_.,:äß'), minLength: 0, maxLength: 30 })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.array(text, { maxLength: 5 }), (theirs, ours) => {
        const message = [...ours, ...theirs, ...ours].join(' ')
        const words: readonly string[] =
          theirs
            .join(' ')
            .toLowerCase()
            .match(/[\p{L}\p{N}][\p{L}\p{N}_]{2,}/gu) ?? []
        const told: readonly string[] =
          (of(message, { deep: [...theirs] }) ?? '').toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []
        expect(told.filter((word) => words.includes(word))).toEqual([])
      }),
    )
  })

  it('has no number of what the handler was given, and keeps the names of its fields', () => {
    expect(of('page 731 of book is torn', { book: 'x', page: 731 })).toBe('page … of book is torn')
    expect(of('Zoë is gone', { deep: [{ name: 'zoë' }] })).toBe('… is gone')
  })

  it('is not told beside more than can be compared with it, and never throws', () => {
    expect(of('plain', 'x'.repeat(300_000))).toBeUndefined()
    const hostile = {
      get message(): never {
        throw new Error('no')
      },
    }
    expect(() => scrubbed(hostile, [])).not.toThrow()
    expect(of('x'.repeat(1_000))?.length).toBeLessThanOrEqual(200)
  })
})

/** What a provider or a driver says, and what of it opens a door. */
const secret = 'Xy7-hunter2_Zq9'
const telling: readonly string[] = [
  `connect to postgres://app:${secret}@db.example.org:5432/app failed`,
  `connect to postgres://app:p@ss/w#${secret}@db/app failed`,
  `connect to postgres://app:a?b${secret}@db/app failed`,
  `https://${secret}@github.com/a/b: not found`,
  `redis://:${secret}@cache:6379 is away`,
  `GET https://api.example.org/v1?access_token=${secret}&page=2: 401`,
  `GET https://api.example.org/v1?key=${secret}: 401`,
  `https://bucket.s3.amazonaws.com/a?X-Amz-Signature=${secret}&X-Amz-Expires=9`,
  `401 Unauthorized: Authorization: Bearer ${secret}`,
  `headers: {"authorization":"Bearer ${secret}","accept":"*/*"}`,
  String.raw`body: "{\"api_key\":\"${secret}\"}"`,
  `Bearer ${secret} is not valid`,
  'bearer abcdefghijklmnopqrstuvwxyz is not valid',
  `Basic ${btoa(`app:${secret}`)} was refused`,
  `Incorrect API key provided: ${secret}. Find your key at https://example.org/keys`,
  `API key ${secret} is not valid`,
  `password=${secret} host=db user=app`,
  `password authentication failed for { user: 'app', password: '${secret}' }`,
  `x-api-key: ${secret}`,
  `Cookie: session=${secret}; theme=dark`,
  `secret_access_key = "${secret}"`,
  'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJl is expired',
  'the key sk-proj-abc123DEF456ghi789 was revoked',
  'the key AKIAIOSFODNN7EXAMPLE was revoked',
  'ghp_16C7e42F292c6912E7710c838347Ae178B4a has no scope',
  `login app:${secret}@db failed`,
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END PRIVATE KEY-----',
  'the key key-3ax6xnjp29jd6fds4gc373sgvjxteol0 is over its limit',
  'dGhpcyBpcyBhIGxvbmcgc2VjcmV0IHRoYXQgbm9ib2R5IGtub3dz1',
]
const safe = (message: string) => safeBeginning(message, 1_000)
const opens = [
  ...[
    secret,
    'hunter2',
    'abcdefghijklmnopqrstuvwxyz',
    btoa(`app:${secret}`),
    'eyJ',
    'sk-proj',
    'AKIA',
    'ghp_',
    '3ax6',
  ],
  ...['MIIE', 'kqhkiG', 'dGhpcyBp'],
]

describe('what opens a door', () => {
  it.each(telling)('%s: is in neither', (message) => {
    for (const said of [safe(message), of(message) ?? ''])
      for (const part of opens) expect(said).not.toContain(part)
  })

  it.each([
    'connect ECONNREFUSED 127.0.0.1:5432',
    'Unexpected token < in JSON at position 0',
    'password authentication failed for user "app"',
    'Basic authentication is not enough',
    'duplicate key value violates unique constraint "jobs_pkey"',
    'Key (job_id)=(report-2041) already exists.',
    'run 4f1c77ab-0000-4000-8000-000000000001 not found at https://api.example.org/runs?page=2#top',
    'ENOENT: no such file or directory, open /srv/app/models/flux-dev.safetensors',
    'ENOENT: no such file or directory, open ./runs/2026/Report-of-november-XK7pq2/figures/all-of-them.json',
    '/dev/shm/reports-of-november-kC1HmK/figures.svg: is there already',
    'the model flux-dev is over its rate: try again in 30 s',
    'no event in /srv/Archive2024/Interlock/Queue-7f3aB9/old.jsonl.gz of job key-report-2041',
    'commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad is gone',
  ])('is not in: %s', (message) => {
    expect(safe(message)).toBe(message)
  })

  it('leaves the host of an address, and what else it says', () => {
    expect(safe(telling[0] ?? '')).toBe('connect to postgres://…@db.example.org:5432/app failed')
    expect(safe(telling[5] ?? '')).toBe('GET https://api.example.org/v1?access_token=…&page=2: 401')
  })

  it('does not come back where a long message is cut', () => {
    const long = `${'a'.repeat(3_970)} postgres://app:${secret}@db`
    expect(safeBeginning(`${`postgres://a:${secret}@b `.repeat(200)}${long}`, 1_000)).not.toContain('hunter2')
    for (let at = 3_900; at < 4_010; at++)
      expect(
        safeBeginning(`${'y '.repeat(at / 2)} https://u:${secret}@h ${'z'.repeat(200)}`, 1_000),
      ).not.toContain('hunter2')
  })
})
