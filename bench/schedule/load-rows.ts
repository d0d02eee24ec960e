import { loadavg } from 'node:os'
import type { Context, Row } from '../frame/bench.ts'
import { loadsOf } from './loads.ts'
import { realLoads } from './real-loads.ts'
import type { Request } from './trace.ts'

const BACKLOG = 3_000
const PASSES = [0, 4, 16, 64, 256]
/** What loads at 64 passes may be of those at none: of the first requests. */
const AT_MOST = 0.5

/** Loads per job, and how long all takes, by how often a job may be passed for a loaded checkpoint. */
export function loadRows(
  { quick, progress }: Context,
  requests: readonly Request[],
  note: string,
): readonly Row[] {
  const count = quick ? 100 : BACKLOG
  const parts = { first: requests.slice(0, count), last: requests.slice(-count) }
  return Object.entries(parts).flatMap(([name, part]) =>
    [1, 4, 16].flatMap((workers) => {
      const known = PASSES.map((maxPassed) => {
        progress(`loads of the ${name}, ${workers} workers, ${maxPassed} passes`)
        return { maxPassed, ...loadsOf(part, workers, maxPassed) }
      })
      const [none = { perJob: 1, seconds: 1 }] = known
      return known.flatMap(({ maxPassed, perJob, seconds }): Row[] => {
        const what = `${note}${name} ${count.toLocaleString('en')}, ${workers} workers, passed at most ${maxPassed}`
        const isJudged = maxPassed === 64 && name === 'first' && note === '' && !quick
        const goal = isJudged ? { most: AT_MOST * none.perJob } : undefined
        return [
          { what, unit: 'loads a job', samples: [perJob], goal },
          { what, unit: '× the time without', samples: [seconds / none.seconds] },
        ]
      })
    }),
  )
}

/** The same by real processes on PostgreSQL, over what is computed. */
export async function realLoadRows(context: Context, requests: readonly Request[]): Promise<readonly Row[]> {
  const first = requests.slice(0, context.quick ? 8 : 300)
  const [workers, maxPassed, faster] = [4, 64, context.quick ? 1_000 : 50]
  const computed = loadsOf(first, workers, maxPassed)
  const real = await realLoads(context, first, { workers, maxPassed, faster })
  const what = `first ${first.length}, ${workers} processes, ${faster} times as fast`
  const note = `load of the machine: ${loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')}`
  return [
    { what, unit: 'loads a job', samples: [real.perJob], note: `computed: ${computed.perJob.toFixed(3)}` },
    {
      what,
      unit: '× the time computed',
      samples: [real.seconds / computed.seconds],
      goal: { most: 1.05 },
      note,
    },
  ]
}
