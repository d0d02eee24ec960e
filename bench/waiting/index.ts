import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { type Bench, type Context, type Row, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import { connected } from '../frame/servers.ts'
import { type Busy, busyWith } from './busy.ts'

const QUEUE = 'default'
/** A line of a million jobs and what is made of it do not fit into a process's usual share of the memory. */
const ROOM = ['--max-old-space-size=6000']

/** Of one run each: the log of it alone takes a minute to make. */
async function waitingRows(context: Context): Promise<readonly Row[]> {
  const waiting = sized(context, 1_000_000, 300)
  const url = await context.servers.database()
  const store = postgresStore(url)
  await store.open(QUEUE)
  context.progress(`${waiting.toLocaleString('en')} jobs come, and the snapshot is made`)
  const made = await answerOf<Busy & { readonly version: number }>(
    new URL('./make-child.ts', import.meta.url),
    { url, queue: QUEUE, waiting },
    ROOM,
  )
  const size = await connected(url, async (client) => {
    const { rows } = await client.query(
      `select sum(octet_length(body))::float8 / 1e6 as text, sum(pg_column_size(body))::float8 / 1e6 as kept
         from job_queue_snapshot_chunks`,
    )
    return rows[0] as { readonly text: number; readonly kept: number }
  })
  const again = (join: boolean) =>
    answerOf<Busy>(new URL('./start-child.ts', import.meta.url), { url, queue: QUEUE, join }, ROOM)
  context.progress('the snapshot is read')
  const read = await again(false)
  context.progress('a coordinator starts')
  const started = await again(true)
  context.progress('the log is cut')
  const cut = await busyWith(() => store.archive(QUEUE, made.version, true))
  await store.close()
  return [
    ...busyRows('a snapshot is made in the background', made),
    { what: 'its text', unit: 'MB', samples: [size.text] },
    { what: 'what the database keeps of it', unit: 'MB', samples: [size.kept] },
    ...busyRows('it is read back', read),
    ...busyRows('a coordinator starts from it', started),
    { what: 'the log is cut at it', unit: 's', samples: [cut.seconds] },
  ]
}

const busyRows = (what: string, { seconds, blockMs, peakMb }: Busy): readonly Row[] => [
  { what, unit: 's', samples: [seconds] },
  {
    what: `${what}: the longest block of the event loop`,
    unit: 'ms',
    samples: [blockMs],
    goal: { most: 100 },
  },
  { what: `${what}: the whole process at its largest`, unit: 'MB', samples: [peakMb] },
]

export const waitingBench: Bench = {
  name: 'waiting',
  about: 'a line of 1,000,000 jobs: its snapshot is made, read back, started from and cut at',
  run: waitingRows,
}
