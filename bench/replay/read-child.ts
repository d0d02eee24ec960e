/** Reads a whole log in a process of its own, and answers what it took. */
import pg from 'pg'
import { Replayer } from '../../src/engine/core/index.ts'
import { PAGE, pagesAfter } from '../../src/engine/store/index.ts'
import { ANSWER_MS, type Ask, askWithin } from '../../src/engine/store/postgres/connections.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { readPage } from '../../src/engine/store/postgres/read-page.ts'
import { answer, asked } from '../frame/child.ts'
import { peakMb } from '../frame/peak.ts'

export interface Read {
  readonly totalMs: number
  readonly peakMb: number
  readonly sqlMs?: number
  readonly checkMs?: number
  readonly foldMs?: number
}

const { url, queue, parts } = asked<{
  readonly url: string
  readonly queue: string
  readonly parts: boolean
}>()
const read = parts ? await readInParts() : await readByStore()
answer({ ...read, peakMb: peakMb() } satisfies Read)

/** The way of every program. */
async function readByStore() {
  const store = postgresStore(url)
  const replayer = new Replayer()
  const from = performance.now()
  for await (const { events } of pagesAfter(store, queue, 0)) {
    for (const event of events) replayer.push(event)
  }
  replayer.ledger()
  const totalMs = performance.now() - from
  await store.close()
  return { totalMs }
}

/** The same, with a connection that tells how long it was waited for. */
async function readInParts() {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const replayer = new Replayer()
  const times = { sqlMs: 0, checkMs: 0, foldMs: 0 }
  const ask: Ask = async (on, question) => {
    const from = performance.now()
    const answered = await askWithin(ANSWER_MS)<never>(on, question)
    times.sqlMs += performance.now() - from
    return answered
  }
  const from = performance.now()
  for (let after = 0; ; ) {
    const { events, version } = await readPage({ ask }, client, { queue, after, limit: PAGE })
    const read = performance.now()
    for (const event of events) replayer.push(event)
    times.foldMs += performance.now() - read
    after = events.at(-1)?.seq ?? version
    if (after >= version) break
  }
  replayer.ledger()
  const totalMs = performance.now() - from
  times.checkMs = totalMs - times.sqlMs - times.foldMs
  await client.end()
  return { totalMs, ...times }
}
