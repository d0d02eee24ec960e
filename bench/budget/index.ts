import { writeFile } from 'node:fs/promises'
import type pg from 'pg'
import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { peerNamed } from '../peers/all.ts'
import { drained } from '../peers/cells/drain.ts'
import { Ground } from '../peers/ground.ts'
import { tasksOn, thousands } from '../peers/tasks.ts'
import { flameGraph } from './flame.ts'
import { profiled, type Stack } from './profile.ts'
import { asItIs, type Variant, variants } from './variants.ts'

const SLOTS = 10
const MOST_STATEMENTS = 12

async function budgetRows(context: Context): Promise<readonly Row[]> {
  await using ground = new Ground(context.servers)
  const taken = await takenAway(context, ground)
  return [...taken, ...(await layersOf(context, ground))]
}

/** What a job takes as it is and with one thing changed, one after the other in each run. */
async function takenAway(context: Context, ground: Ground): Promise<readonly Row[]> {
  const all = [asItIs, ...variants]
  const samples = await sample(context, 'one thing taken away', async () => {
    const costs: Record<string, number> = {}
    for (const variant of all) costs[variant.what] = await cost(context, ground, variant)
    return costs
  })
  return Object.entries(samples).map(([what, costs]) => ({
    what: `a job ${what}`,
    unit: 'µs',
    samples: costs,
  }))
}

async function cost(context: Context, ground: Ground, { peer }: Variant): Promise<number> {
  const size = { count: 5_000, mostMs: 4_000 }
  const { rate } = await drained(peer, { context, ground }, [], 1, (n, from) => tasksOn([], n, from), size)
  return 1_000_000 / rate
}

/** A worker in this process: where its time goes, and that of the server, per job. */
async function layersOf(context: Context, ground: Ground): Promise<readonly Row[]> {
  const worker = peerNamed('interlock')
  const jobs = sized(context, 8_000, 200)
  return ground.fresh(worker, async (url) => {
    const isCounted = await connected(url, countStatements)
    const session = await worker.connect({ url, slots: SLOTS, keys: [], process: 0, processes: 1 })
    const round = async (from: number) => {
      for (const some of thousands(tasksOn([], jobs, from))) await session.enqueue(some)
      let left = jobs
      const over = Promise.withResolvers<void>()
      return async () => {
        const stop = await session.work((n) => {
          if (--left === 0) over.resolve()
          return { n }
        })
        await over.promise
        await stop()
      }
    }
    await (await round(0))()
    return connected(url, async (client) => {
      const work = await round(jobs)
      if (isCounted) await client.query('select pg_stat_statements_reset()')
      const stacks = await profiled(work)
      const statements = isCounted ? await statementsOf(client, jobs) : []
      await session.close()
      if (!context.quick) await draw(stacks)
      return [...processRows(stacks, jobs), ...statements]
    })
  })
}

function processRows(stacks: readonly Stack[], jobs: number): readonly Row[] {
  const byLayer = new Map<string, number>()
  for (const { layer, micros } of stacks) byLayer.set(layer, (byLayer.get(layer) ?? 0) + micros)
  return [...byLayer]
    .toSorted(([, a], [, b]) => b - a)
    .map(([layer, micros]) => ({
      what: `in the worker's process: ${layer}`,
      unit: 'µs',
      samples: [micros / jobs],
    }))
}

/**
 * From the next connection on the server counts, if it can; of functions within functions as well, so what calls another one has
 * the time of both.
 */
async function countStatements(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    "select 'pg_stat_statements' = any (string_to_array(current_setting('shared_preload_libraries'), ',')) as can",
  )
  if (rows[0]?.can !== true) return false
  await client.query('create extension if not exists pg_stat_statements')
  await client.query(
    "do $$ begin execute format('alter database %I set pg_stat_statements.track = ''all''', current_database()); end $$",
  )
  return true
}

async function statementsOf(client: pg.Client, jobs: number): Promise<readonly Row[]> {
  const { rows } = await client.query<{ query: string; toplevel: boolean; ms: number; calls: number }>(`
    select regexp_replace(left(query, 400), '\\s+', ' ', 'g') as query, toplevel, total_exec_time as ms, calls::float8 as calls
      from pg_stat_statements s join pg_database d on d.oid = s.dbid
     where d.datname = current_database() order by total_exec_time desc limit ${MOST_STATEMENTS}`)
  return rows.map(({ query, toplevel, ms, calls }) => ({
    what: `in the server${toplevel ? '' : ', within'}: ${query.slice(0, 70)} (${(calls / jobs).toPrecision(2)} a job)`,
    unit: 'µs',
    samples: [(ms * 1_000) / jobs],
  }))
}

async function draw(stacks: readonly Stack[]): Promise<void> {
  const title = `Where the time of a worker goes that drains jobs with payloads, ${SLOTS} slots`
  await writeFile(new URL('../../docs/images/flame.svg', import.meta.url), flameGraph(stacks, title))
}

export const budgetBench: Bench = {
  name: 'budget',
  about: `where the time of a job goes, drain without keys, ${SLOTS} slots, in microseconds; draws docs/images/flame.svg`,
  run: budgetRows,
}
