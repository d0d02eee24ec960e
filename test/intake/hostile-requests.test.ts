/** Law: what SQL accepts is answered, whatever it holds; what it refuses, no coordinator would carry out. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRequest } from '../../src/codec/index.ts'
import { PATIENCE, runs } from '../support/runs.ts'
import { type Account, account } from './support.ts'

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

/** JSON texts that somebody might send in place of anything. */
const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom('null', '5', '-1', '1.5', '1e400', '9007199254740993', '""', '{}', '[]', '[[]]', 'true'),
  fc.constantFrom('"later"', '"a\\tb"', '"__proto__"', '{"__proto__": 1}', '["\\ud83d\\ude82"]'),
  fc.constantFrom(
    JSON.stringify('x'.repeat(201)),
    JSON.stringify('🚂'.repeat(150)),
    '"9999-12-31T00:00:00Z"',
  ),
  fc.integer({ min: 1, max: 120 }).map((depth) => nested(depth, '[', ']')),
  fc.integer({ min: 1, max: 120 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
)

const id = fc.constantFrom('"a"', '"b"', '"c"')
const job = objectOf({
  job_id: [id, 0.95],
  models: [fc.constantFrom('["m"]', '["m", "n"]', '[]'), 0.95],
  kind: [fc.constantFrom('"render"'), 0.2],
  priority: [fc.constantFrom('1', '1000', '2e9'), 0.2],
  run_at: [fc.constantFrom('null', '"2026-11-24T15:00:00Z"', '"soon"'), 0.2],
  expireMs: [fc.constantFrom('null', '1000', '1.0'), 0.2],
  fair_key: [fc.constantFrom('null', '"k"'), 0.2],
  payload: [hostile, 0.4],
})
const claim = objectOf({
  max: [fc.constantFrom('1', '1000', '1001'), 0.9],
  kinds: [fc.constant('["x"]'), 0.3],
})

/** Some command with its fields, of which any may be missing, or something else. */
const command = objectOf({
  type: [
    fc
      .constantFrom(
        'enqueue',
        'start',
        'claim',
        'complete',
        'fail',
        'release',
        'confirm_cancel',
        'detach',
        'cancel',
      )
      .map((type) => JSON.stringify(type)),
    0.98,
  ],
  jobs: [fc.array(job, { maxLength: 3 }).map((jobs) => `[${jobs.join()}]`), 0.95],
  job: [job, 0.95],
  job_id: [id, 0.95],
  token: [fc.constantFrom('1', '2', '3', '1e400'), 0.95],
  worker_id: [fc.constant('"w"'), 0.9],
  claim: [claim, 0.2],
  max: [fc.constantFrom('1', '5'), 0.95],
  force: [fc.constantFrom('true', 'false'), 0.3],
  result: [hostile, 0.6],
  error: [hostile, 0.6],
  until: [fc.constantFrom('"2255-01-01T00:00:00Z"', '"9999-12-31T00:00:00Z"'), 0.9],
  retry_seconds: [fc.constantFrom('null', '0', '31536000'), 0.1],
})

/** A JSON text with these fields, each there with its likelihood; one in thirty is something else. */
function objectOf(
  fields: Readonly<Record<string, readonly [fc.Arbitrary<string>, number]>>,
): fc.Arbitrary<string> {
  const parts = Object.entries(fields).map(([name, [value, likely]]) =>
    fc.oneof(
      { weight: Math.round(likely * 90), arbitrary: value.map((text) => `"${name}": ${text}`) },
      { weight: Math.round((1 - likely) * 90), arbitrary: fc.constant('') },
      { weight: 3, arbitrary: hostile.map((text) => `"${name}": ${text}`) },
    ),
  )
  return fc.tuple(...parts).map((texts) => `{${texts.filter((text) => text !== '').join()}}`)
}

/** Only the fields that its type has, so that more of them are right. */
function trimmed(text: string): string {
  const own: Readonly<Record<string, readonly string[]>> = {
    enqueue: ['jobs'],
    start: ['job', 'worker_id'],
    claim: ['worker_id', 'max'],
    cancel: ['job_id', 'force'],
    confirm_cancel: ['job_id', 'token', 'worker_id', 'claim'],
    complete: ['job_id', 'token', 'worker_id', 'claim', 'result'],
    fail: ['job_id', 'token', 'worker_id', 'claim', 'error', 'retry_seconds'],
    release: ['job_id', 'token', 'worker_id', 'claim'],
    detach: ['job_id', 'token', 'until'],
  }
  const value = JSON.parse(text) as Record<string, unknown>
  const type = String(value['type'])
  // What is hostile may be `__proto__`, or have a field of that name.
  const names = Object.hasOwn(own, type) ? own[type] : undefined
  if (names === undefined) return text
  const kept = Object.entries(value).filter(([name]) => name === 'type' || names.includes(name))
  return JSON.stringify(Object.fromEntries(kept))
}

const request: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: command.map(trimmed) },
  { weight: 1, arbitrary: command },
  { weight: 1, arbitrary: hostile },
)

const isRefused = (text: string): boolean => {
  try {
    parseRequest(JSON.parse(text), 1)
    return false
  } catch {
    return true
  }
}

async function answersOf(db: Account): Promise<readonly unknown[]> {
  await expect
    .poll(() => db.value('select count(*)::int from job_queue_inbox where answered_at is null'), {
      timeout: 20_000,
    })
    .toBe(0)
  return (await db.query('select answer from job_queue_inbox')).map((row) => row['answer'])
}

describe('a request by SQL', () => {
  it('is refused at once only if nobody would carry it out, and is answered if it is not', {
    timeout: PATIENCE,
  }, async () => {
    const db = await account()
    await db.coordinator()
    await db.value("select job_queue_beat('default', 'w', null, 1, 'test', 600000, 0)")
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const sent = db.value('select job_queue_request($1::jsonb)', [text])
        const fault = await sent.then(
          () => null,
          (error: unknown) => error as { readonly code?: string; readonly message: string },
        )
        if (fault === null) accepted++
        else if (!fault.message.includes('has no live lease')) {
          // 22P02, 22003, …: no JSON that PostgreSQL reads.
          expect(fault.code).toMatch(/^(JQ003|22...)$/)
          expect(isRefused(text), text).toBe(true)
        }
      }),
      { numRuns: runs(150) },
    )
    const answers = await answersOf(db)
    expect(answers).toHaveLength(accepted)
    expect(accepted).toBeGreaterThan(20)
    for (const answer of answers) expect(answer).toMatchObject({ ok: expect.any(Boolean) })
  })

  it('that an older release has let in is answered, and blocks nobody behind it', async () => {
    const db = await account()
    const texts = ['5', 'null', '{}', '[]', '{"type": "fly"}', '{"type": "enqueue", "jobs": 5}']
    texts.push(`{"type": "enqueue", "jobs": ${nested(5_000, '[', ']')}}`)
    texts.push(`{"type": "complete", "job_id": "a", "token": 1, "result": ${nested(2_000, '[', ']')}}`)
    for (const [n, text] of texts.entries()) {
      await db.query(
        "insert into job_queue_inbox (queue, request_id, command) values ('default', $1, $2::jsonb)",
        [`old-${n}`, text],
      )
    }
    await db.value(`select job_queue_submit('{"job_id": "good", "models": ["m"]}', 'default', 'good')`)
    const coordinator = await db.coordinator()
    const answers = await answersOf(db)
    expect(answers.filter((answer) => (answer as { ok: boolean }).ok)).toHaveLength(1)
    expect(coordinator.state().waitingCount).toBe(1)
  })

  it('that submits what is no job is refused at once, and says where', async () => {
    const db = await account()
    const cases = [
      ['{}', 'jobs[0].job_id: is missing'],
      ['5', 'jobs[0]: must be an object'],
      ['null', 'jobs[0]: must be an object'],
      [null, 'jobs[0]: must be an object'],
      ['[{"job_id": "a"}]', 'jobs[0].models: is missing'],
      ['[{"job_id": "a", "models": ["m"]}, {"job_id": "", "models": []}]', 'jobs[1].job_id: must be a text'],
      ['{"job_id": "a", "models": "m"}', 'jobs[0].models: must be a list'],
      ['{"job_id": "a", "models": [], "attempts": 1.5}', 'jobs[0].attempts: must be a whole number'],
      ['{"job_id": "a", "models": [], "colour": 1}', 'jobs[0].colour: is not a field'],
      [`{"job_id": "a", "models": [], "payload": ${nested(3_000, '[', ']')}}`, 'nests deeper'],
    ] as const
    for (const [jobs, message] of cases) {
      const refused = db.value('select job_queue_submit($1::jsonb)', [jobs])
      await expect(refused).rejects.toMatchObject({
        code: 'JQ003',
        message: expect.stringContaining(message),
      })
    }
    expect(await db.value('select count(*)::int from job_queue_inbox')).toBe(0)
  })

  it('that is a heartbeat leaves one row for each worker', async () => {
    const db = await account()
    for (let n = 0; n < 5; n++) {
      for (const worker_id of ['v', 'w']) {
        const beat = JSON.stringify({ type: 'heartbeat', worker_id, free_slots: n })
        const requested = await db.value("select job_queue_request($1, 'default', $2)", [
          beat,
          n < 2 ? null : `${worker_id}-${n}`,
        ])
        expect(await db.value('select job_queue_answer($1)', [requested])).toMatchObject({ alive: true })
      }
    }
    expect(await db.value('select count(*)::int from job_queue_inbox')).toBe(2)
  })
})
