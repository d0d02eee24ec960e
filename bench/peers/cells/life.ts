import { setTimeout as delay } from 'node:timers/promises'
import { sized } from '../../frame/bench.ts'
import { connected } from '../../frame/servers.ts'
import type { Cell, Means } from '../cell.ts'
import { clock } from '../clock.ts'
import { Crew } from '../crew.ts'
import type { Peer } from '../peer.ts'

const SLOTS = 10
const MOST_MS = 6_000
const LOOK_MS = 20

/** Rows are inserted into `jobs`, taken in, run, and say `completed`; spread over 100 models. */
export const lifeCells: readonly Cell[] = [1, 2].map((processes) => ({
  id: `life/${processes}`,
  figures: [
    {
      name: 'rate',
      what: `from a row inserted into \`jobs\` to its status completed, ${processes} process${processes === 1 ? '' : 'es'}`,
      unit: 'jobs/s',
    },
  ],
  keys: 0,
  ours: true,
  quick: processes === 1,
  measure: (peer, means) => life(peer, means, processes),
}))

async function life(peer: Peer, { context, ground }: Means, processes: number) {
  const count = sized(context, 5_000, 50)
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots: SLOTS, keys: [], intake: true }, processes)
    await crew.work()
    await inserted(url, sized(context, 200, 10), 'warm')
    return { rate: await inserted(url, count, 'job') }
  })
}

/** Jobs per second from the insert to the last of so many rows that are completed, as far as they come in the time. */
function inserted(url: string, count: number, prefix: string): Promise<number> {
  return connected(url, async (client) => {
    const from = clock()
    await client.query(
      `insert into jobs (job_id, model) select $1 || '-' || n, 'model-' || n % 100 from generate_series(1, $2) n`,
      [prefix, count],
    )
    for (;;) {
      await delay(LOOK_MS)
      const { rows } = await client.query<{ readonly completed: number }>(
        `select count(*)::integer as completed from jobs where status = 'completed' and job_id like $1 || '-%'`,
        [prefix],
      )
      const completed = rows[0]?.completed ?? 0
      const tookMs = clock() - from
      if (completed === count || tookMs > MOST_MS) return (completed * 1_000) / tookMs
    }
  })
}
