/** A handler as `inThread` runs it: it does what the payload says. */
import { isMainThread } from 'node:worker_threads'
import { Client } from 'pg'
import { fromPg } from '../../../src/engine/transaction/index.ts'
import type { HandlerContext, Job } from '../../../src/engine/worker/index.ts'
import { NonRetryableError, RetryLater } from '../../../src/engine/worker/index.ts'

const ways: Readonly<Record<string, (job: Job, context: HandlerContext) => unknown>> = {
  tell: ({ jobId, attempt, payload, checkpoint }, { fence, fencingToken, epoch }) => ({
    ...{ jobId, attempt, payload, checkpoint, fence, fencingToken, epoch, isMainThread },
  }),
  async note(job, { progress, checkpoint, heartbeat }) {
    if (job.attempt === 2) return job.checkpoint
    await heartbeat()
    await progress({ percent: 50 })
    await checkpoint({ step: 7 })
    throw new Error('once more')
  },
  wait: (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  late: (_, { signal }) =>
    new Promise((resolve) =>
      signal.addEventListener('abort', () =>
        resolve({ why: signal.reason.why, name: signal.reason.name, message: signal.reason.message }),
      ),
    ),
  exit: () => process.exit(3),
  fill() {
    const kept: number[][] = []
    for (;;) kept.push(new Array(100_000).fill(Math.random()))
  },
  loop() {
    for (;;);
  },
  uncaught: () =>
    new Promise(() => {
      setImmediate(() => {
        throw new RangeError('from a timer')
      })
    }),
  fails: () => {
    throw Object.assign(new TypeError('bad pixel', { cause: new Error('lens') }), { code: 'E_PIXEL' })
  },
  final: () => {
    throw new NonRetryableError('never')
  },
  later: () => {
    throw new RetryLater({ seconds: 60, models: ['other'] })
  },
  text: () => {
    throw 'a text'
  },
  result: () => ({ a: [1, { b: () => 1 }] }),
  async bad(_, { progress }) {
    await progress({ deep: [{ at: Symbol('s') as never }] })
  },
  wide: (_, { progress }) => progress('x'.repeat(100_000)),
  async complete(job, { completeIn }) {
    const { url, commit } = job.payload as { url: string; commit: boolean }
    const client = new Client(url)
    await client.connect()
    try {
      await client.query('BEGIN')
      await completeIn(fromPg(client), { written: true })
      await client.query(commit ? 'COMMIT' : 'ROLLBACK')
    } finally {
      await client.end()
    }
  },
  async add(_, { add }) {
    const job = { jobId: 'page', models: ['tell'], payload: { way: 'tell' } }
    return (await add([job])).queued
  },
  parents: (_, { parents }) => parents(),
  async detach(_, { detach }) {
    await detach({ until: new Date(Date.now() + 3_600_000) })
  },
}

function handle(job: Job, context: HandlerContext): unknown {
  const { way } = job.payload as { way: string }
  return ways[way]?.(job, context)
}

export { handle as default }
