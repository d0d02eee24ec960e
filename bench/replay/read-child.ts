/** Reads a whole log in a process of its own, and answers what it took. */
import pg from 'pg'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { statements } from '../../src/adapter/sql/index.ts'
import { decodeEvents } from '../../src/codec/index.ts'
import { Replayer } from '../../src/core/index.ts'
import { answer, asked } from '../frame/child.ts'

export interface Read {
  readonly totalMs: number
  readonly peakMb: number
  readonly sqlMs?: number
  readonly parseMs?: number
  readonly checkMs?: number
  readonly foldMs?: number
}

/** As many as a coordinator reads at once. */
const PAGE = 5_000

const { url, queue, parts } = asked<{
  readonly url: string
  readonly queue: string
  readonly parts: boolean
}>()
const read = parts ? await readInParts() : await readByStore()
answer({ ...read, peakMb: process.resourceUsage().maxRSS / 1_024 } satisfies Read)

/** The way of every program. */
async function readByStore() {
  const store = postgresStore(url)
  const replayer = new Replayer()
  const from = performance.now()
  for (let after = 0; ; ) {
    const { events, version } = await store.read(queue, after, PAGE)
    for (const event of events) replayer.push(event)
    after = events.at(-1)?.seq ?? version
    if (after >= version) break
  }
  replayer.ledger()
  const totalMs = performance.now() - from
  await store.close()
  return { totalMs }
}

/** The same calls by hand, so that each part can be timed. */
async function readInParts() {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => String } })
  await client.connect()
  const replayer = new Replayer()
  const times = { sqlMs: 0, parseMs: 0, checkMs: 0, foldMs: 0 }
  const timed = async <Out>(part: keyof typeof times, work: () => Out | Promise<Out>): Promise<Out> => {
    const from = performance.now()
    const out = await work()
    times[part] += performance.now() - from
    return out
  }
  const { text, values } = statements.job_queue_read
  const from = performance.now()
  for (let after = 0; ; ) {
    const query = { name: 'read', text, values: values({ queue, after, lim: PAGE }) }
    const { rows } = await timed('sqlMs', () => client.query<{ answer: string }>(query))
    const page = await timed('parseMs', () => JSON.parse(rows[0]?.answer ?? 'null'))
    const events = await timed('checkMs', () => decodeEvents(page.events))
    await timed('foldMs', () => {
      for (const event of events) replayer.push(event)
    })
    after = events.at(-1)?.seq ?? page.version
    if (after >= page.version) break
  }
  replayer.ledger()
  const totalMs = performance.now() - from
  await client.end()
  return { totalMs, ...times }
}
