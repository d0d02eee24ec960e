/** Commands that somebody might put into the inbox, by SQL or over HTTP: some right, most of them wrong in some way. */
import fc from 'fast-check'
import { parseRequest } from '../../src/engine/events/index.ts'

export const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

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
  tag: [fc.constantFrom('null', '"t"'), 0.2],
  asks: [
    fc.constantFrom('null', '{"m": {"u": 1}}', '{"m": {"u": 1.0}}', '{"m": {}}', '{"n": {"u": 0}}'),
    0.2,
  ],
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
        'done',
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
  model: [fc.constantFrom('"m"', '"n"'), 0.9],
  epoch: [fc.constantFrom('1', '2'), 0.3],
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
    done: ['job_id', 'token', 'model', 'epoch', 'worker_id', 'claim'],
  }
  const value = JSON.parse(text) as Record<string, unknown>
  const type = String(value['type'])
  // What is hostile may be `__proto__`, or have a field of that name.
  const names = Object.hasOwn(own, type) ? own[type] : undefined
  if (names === undefined) return text
  const kept = Object.entries(value).filter(([name]) => name === 'type' || names.includes(name))
  return JSON.stringify(Object.fromEntries(kept))
}

/** As JSON texts. */
export const request: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: command.map(trimmed) },
  { weight: 1, arbitrary: command },
  { weight: 1, arbitrary: hostile },
)

/** A coordinator carries it out in no case. */
export const isRefused = (text: string): boolean => {
  try {
    parseRequest(JSON.parse(text), 1)
    return false
  } catch {
    return true
  }
}
