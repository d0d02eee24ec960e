import { keepSnapshot as keepLedger } from '../../src/engine/coordinator/replica/snapshots.ts'
import { Replayer } from '../../src/engine/core/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import type { Ran } from './cli-child.ts'
import { loadLog } from './load.ts'
import type { Read } from './read-child.ts'

const QUEUE = 'default'

/** Read through the store, page by page, each time by a new process; and once more with each part timed by itself. */
export async function databaseRows(context: Context): Promise<readonly Row[]> {
  const count = sized(context, 1_000_000, 1_000)
  const url = await context.servers.database()
  const store = postgresStore(url)
  await store.open(QUEUE)
  await store.close()
  context.progress('the log goes into the database')
  await loadLog(url, QUEUE, { events: count, waiting: sized(context, 1_000, 20) })
  const read = (parts: boolean) =>
    answerOf<Read>(new URL('./read-child.ts', import.meta.url), { url, queue: QUEUE, parts })
  const { seconds, memory } = await sample(context, 'from PostgreSQL', async () => {
    const { totalMs, peakMb } = await read(false)
    return { seconds: totalMs / 1_000, memory: peakMb }
  })
  // The log was put there past the rows that stand for it.
  await interlock('rebuild', url)
  const verified = await sample(context, 'interlock verify', async () => {
    const { seconds, peakMb } = await interlock('verify', url)
    return { seconds, memory: peakMb }
  })
  const parts = await sample(context, 'from PostgreSQL, part by part', async () => {
    const { sqlMs = 0, checkMs = 0, foldMs = 0 } = await read(true)
    return { sqlMs, checkMs, foldMs }
  })
  const start = (named: string) =>
    sample(context, named, async () => ({
      ms: (
        await answerOf<{ readonly ms: number }>(new URL('./start-child.ts', import.meta.url), {
          url,
          queue: QUEUE,
        })
      ).ms,
    }))
  const whole = await start('a coordinator starts, folding all of it')
  await keepSnapshot(url, count - sized(context, 10_000, 100))
  const tail = await start('a coordinator starts from a snapshot')
  return [
    { what: 'a coordinator starts, folding all of it', unit: 'ms', samples: whole.ms },
    {
      what: 'a coordinator starts from a snapshot and the last 1 %',
      unit: 'ms',
      samples: tail.ms,
      goal: { most: 500 },
    },
    { what: 'from PostgreSQL, checked and folded', unit: 's', samples: seconds, goal: { most: 5 } },
    { what: 'the whole process at its largest', unit: 'MB', samples: memory, goal: { most: 300 } },
    {
      what: '`interlock verify`, from its start to its end',
      unit: 's',
      samples: verified.seconds,
      goal: { most: 6 },
    },
    { what: 'its process at its largest', unit: 'MB', samples: verified.memory, goal: { most: 300 } },
    { what: 'part by part: the server, the way and the driver', unit: 'ms', samples: parts.sqlMs },
    { what: 'part by part: JSON.parse, zod, and making events', unit: 'ms', samples: parts.checkMs },
    { what: 'part by part: fold', unit: 'ms', samples: parts.foldMs },
  ]
}

async function interlock(command: string, url: string): Promise<Ran> {
  const words = [command, '--url', url, '--queue', QUEUE]
  const ran = await answerOf<Ran>(new URL('./cli-child.ts', import.meta.url), { words })
  if (ran.code !== 0) throw new Error(`interlock ${command} ended with code ${ran.code}`)
  return ran
}

/** Made as a worker makes it, of the events up to this one. */
async function keepSnapshot(url: string, upTo: number): Promise<void> {
  const store = postgresStore(url)
  const replayer = new Replayer()
  for (let after = 0; after < upTo; ) {
    const { events } = await store.read(QUEUE, after, Math.min(5_000, upTo - after))
    for (const event of events) replayer.push(event)
    after = events.at(-1)?.seq ?? upTo
  }
  await keepLedger(store, QUEUE, replayer.ledger())
  await store.close()
}
