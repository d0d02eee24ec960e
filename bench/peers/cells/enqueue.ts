import { sized } from '../../frame/bench.ts'
import type { Cell, Means } from '../cell.ts'
import { Crew } from '../crew.ts'
import { NotMeasured, type Peer } from '../peer.ts'
import type { EnqueueOrder } from '../process.ts'

type Way = Pick<EnqueueOrder, 'perCall' | 'atOnce' | 'inTransaction'>

const ways: Readonly<Record<string, Way & { readonly what: string }>> = {
  'one-by-one': { what: 'one by one', perCall: 1, atOnce: 1 },
  '10-at-once': { what: '10 calls of one at once', perCall: 1, atOnce: 10 },
  '1000-a-call': { what: '1,000 a call', perCall: 1_000, atOnce: 1 },
  'in-a-transaction': {
    ...{ what: 'in a transaction with a row of the program, 10 at once', perCall: 1, atOnce: 10 },
    inTransaction: true,
  },
}

/** Jobs with a payload and without keys come in from one process, while nobody works. */
export const enqueueCells: readonly Cell[] = Object.entries(ways).map(([name, way]) => ({
  id: `enqueue/${name}`,
  figures: [{ name: 'rate', what: `enqueue, ${way.what}`, unit: 'jobs/s' }],
  keys: 0,
  quick: name !== '10-at-once',
  measure: (peer, means) => enqueued(peer, means, way),
}))

async function enqueued(peer: Peer, { context, ground }: Means, way: Way) {
  if (way.inTransaction === true && peer.joinsTransactions !== true)
    throw new NotMeasured('no transaction of the program')
  return ground.fresh(peer, async (url) => {
    await using crew = await Crew.start(peer, { url, slots: 1, keys: [] }, 1)
    const ms = sized(context, 2_500, 200)
    return { rate: await crew.only.ask<number>({ do: 'enqueue', ...way, ms }) }
  })
}
