import { setTimeout as delay } from 'node:timers/promises'
import { sized } from '../../frame/bench.ts'
import { connected } from '../../frame/servers.ts'
import type { Cell, Means } from '../cell.ts'
import { Crew } from '../crew.ts'
import { redis } from '../others.ts'
import type { Peer } from '../peer.ts'
import type { Usage } from '../process.ts'
import { tasksOn } from '../tasks.ts'

/** What runs and connects at the start is not counted. */
const SETTLE_MS = 3_000

/** A worker of 10 slots that has done some jobs and has nothing to do. */
export const restCells: readonly Cell[] = [
  {
    id: 'rest',
    figures: [
      { name: 'mb', what: 'a worker at rest: memory', unit: 'MB' },
      { name: 'cpu', what: 'a worker at rest: processor', unit: '%' },
      { name: 'calls', what: 'a worker at rest: calls to the server', unit: 'a minute' },
    ],
    keys: 0,
    together: true,
    quick: true,
    measure: rest,
  },
]

async function rest(peer: Peer, { context, ground }: Means) {
  return ground.fresh(peer, async (url) => {
    await using counter = await callsAt(url)
    await using crew = await Crew.start(peer, { url, slots: 10, keys: [] }, 1)
    await crew.fill(tasksOn([], 100))
    const worker = crew.only
    await worker.ask({ do: 'work', each: false })
    await delay(sized(context, SETTLE_MS, 100))
    const [calls, before, from] = [
      await counter.count(),
      await worker.ask<Usage>({ do: 'usage' }),
      performance.now(),
    ]
    await delay(sized(context, context.restMs, 300))
    const [after, callsAfter] = [await worker.ask<Usage>({ do: 'usage' }), await counter.count()]
    const ms = performance.now() - from
    return {
      mb: after.mb,
      cpu: ((after.cpuMs - before.cpuMs) * 100) / ms,
      calls: ((callsAfter - calls) * 60_000) / ms,
    }
  })
}

interface Counter extends AsyncDisposable {
  /** Calls so far, of everybody but the counter; NaN where the server does not count. */
  count(): Promise<number>
}

async function callsAt(url: string): Promise<Counter> {
  if (url.startsWith('redis:')) return (await redis()).counter(url)
  const server = new URL(url)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  const ask = (sql: string) => connected(server.href, async (client) => (await client.query(sql)).rows[0])
  const counts = await counting(server.href, () => ask('create extension if not exists pg_stat_statements'))
    .then(() => ask(`alter database ${name} set pg_stat_statements.track = 'top'`))
    // Fails where it was not loaded when the server started.
    .then(() => ask('select count(*) from pg_stat_statements'))
    .then(
      () => true,
      () => false,
    )
  return {
    count: async () => {
      if (!counts) return Number.NaN
      const row = await ask(
        `select coalesce(sum(calls), 0)::float8 as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
          where d.datname = '${name}'`,
      )
      return row.calls as number
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Peers rest at the same time, and PostgreSQL makes one extension for all: made twice at once, one of them would fail. */
const counters = new Map<string, Promise<unknown>>()

function counting(server: string, make: () => Promise<unknown>): Promise<unknown> {
  const made = counters.get(server) ?? make()
  counters.set(server, made)
  return made
}
