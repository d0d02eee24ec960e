import { writeFile } from 'node:fs/promises'
import { type Bench, type Context, type Row, sample, sized } from '../frame/bench.ts'
import { connected } from '../frame/servers.ts'
import { median } from '../frame/statistics.ts'
import { figure, isMet } from '../frame/table.ts'
import { peerNamed } from '../peers/all.ts'
import { drained } from '../peers/cells/drain.ts'
import { handOff } from '../peers/cells/hand-off.ts'
import { Ground } from '../peers/ground.ts'
import { keyNames, tasksOn } from '../peers/tasks.ts'
import baseline from './baseline.json' with { type: 'json' }
import { floorAppends, makeFloor } from './floor.ts'

/** Machines and their moods differ by half; a change that costs more than this is no mood. */
const AT_MOST = 2

/** Before each bare append: on some machines it takes longer to wake a processor up than to commit, and our worker waits for both. */
const PAUSE_MS = 2

const size = { count: 2_000, mostMs: 2_000 }
const known: Readonly<Record<string, number>> = baseline

async function guardRows(context: Context): Promise<readonly Row[]> {
  const ratios = await sample(context, 'our worker over a bare append', () => measured(context))
  const rows = Object.entries(ratios).map(([what, samples]) => rowOf(what, samples))
  if (context.renew) await renew(rows)
  return rows
}

/** What our worker takes, in bare appends of two events: measured in the moment before, so that it says the same on any machine. */
async function measured(context: Context): Promise<Readonly<Record<string, number>>> {
  const worker = peerNamed('interlock')
  await using ground = new Ground(context.servers)
  const means = { context, ground }
  const perJob = async (keys: readonly string[]) => {
    const floor = await bareAppend(context)
    const { rate } = await drained(worker, means, keys, 1, (count, from) => tasksOn(keys, count, from), size)
    return 1_000 / rate / floor
  }
  const perHandOff = async () => {
    const floor = await bareAppend(context)
    return (await handOff(worker, means, 10, 500)).p50 / floor
  }
  return {
    'a job of a drain, no keys': await perJob([]),
    'a job of a drain, 10 keys in order': await perJob(keyNames(10)),
    'a hand-off on one key, 10 slots, p50': await perHandOff(),
  }
}

async function bareAppend(context: Context): Promise<number> {
  const url = await context.servers.copy('floor', (made) => connected(made, makeFloor))
  const appends = (calls: number) => connected(url, (client) => floorAppends(client, 2, calls, PAUSE_MS))
  await appends(sized(context, 200, 3))
  const took = median(await appends(sized(context, 400, 10)))
  await context.servers.drop(url)
  return took
}

function rowOf(what: string, samples: readonly number[]): Row {
  const before = known[what]
  const row: Row = { what, unit: '× a bare append', samples }
  return before === undefined ? row : { ...row, goal: { most: before * AT_MOST } }
}

/** Keeps this run as what later ones are held against. */
async function renew(rows: readonly Row[]): Promise<void> {
  const kept = Object.fromEntries(
    rows.map(({ what, samples }) => [what, Number(median(samples).toPrecision(3))]),
  )
  await writeFile(new URL('./baseline.json', import.meta.url), `${JSON.stringify(kept, null, 2)}\n`)
}

/** What must not pass. */
function verdict(rows: readonly Row[]): string | undefined {
  const unknown = rows.filter(({ what }) => known[what] === undefined)
  if (unknown.length > 0)
    return `bench/guard/baseline.json does not know: ${unknown.map(({ what }) => what).join('; ')}`
  const slow = rows.filter((row) => isMet(row) === false)
  if (slow.length === 0) return undefined
  return [
    `OUR WORKER HAS BECOME SLOWER: more than ${AT_MOST} times what bench/guard/baseline.json says, in the median of this run`,
    ...slow.map(
      (row) => `  ${row.what}: ${figure(median(row.samples))} × a bare append, it was ${known[row.what]}`,
    ),
    'If that is meant: npm run bench -- guard --renew, and say in the commit why.',
  ].join('\n')
}

export const guardBench: Bench = {
  name: 'guard',
  about: `our worker over a bare append of the same run; fails above ${AT_MOST} times bench/guard/baseline.json (--renew writes it)`,
  run: guardRows,
  verdict,
}
