import { type Context, type Goal, type Row, sample } from '../frame/bench.ts'
import { loadRows, realLoadRows } from './load-rows.ts'
import { makespan } from './simulate.ts'
import { lowerBound, madeUpTrace, type Request, readTrace } from './trace.ts'

const SLOTS = 64

/** What an exact simulation gave of the same load, to three digits; only for the real requests. */
const expected: Readonly<Record<string, number>> = {
  '1000/0': 1.048,
  '5000/0': 1.016,
  '48000/0': 1.037,
  '1000/1': 1.009,
  '5000/1': 1.003,
}

/** By how many overtakes a job lets pass before it reserves. Nothing in it is left to chance, so one run is enough. */
export async function scheduleRows(context: Context): Promise<readonly Row[]> {
  const real = await readTrace(context.trace)
  if (real === undefined) console.error(`there is no ${context.trace}: made-up requests of the same shape`)
  const requests = real ?? madeUpTrace(48_000)
  if (context.only.includes('real')) return realLoadRows(context, requests)
  const rows: Row[] = []
  for (const count of context.quick ? [100] : [1_000, 5_000, requests.length]) {
    const first = requests.slice(0, count)
    const bound = lowerBound(first, SLOTS)
    for (const maxOvertakes of [0, 1, 16]) {
      const order = maxOvertakes === 0 ? 'strict' : `maxOvertakes ${maxOvertakes}`
      const what = `${real === undefined ? 'MADE UP: ' : ''}first ${count.toLocaleString('en')}, ${order}`
      const { ratio } = await sample({ ...context, runs: 1 }, what, () => ({
        ratio: makespan(first, { slots: SLOTS, maxOvertakes }) / bound,
      }))
      rows.push({ what, unit: '× bound', samples: ratio, goal: goalOf(real, count, maxOvertakes) })
    }
  }
  return [...rows, ...loadRows(context, requests, real === undefined ? 'MADE UP: ' : '')]
}

function goalOf(real: readonly Request[] | undefined, count: number, maxOvertakes: number): Goal | undefined {
  if (real === undefined) return undefined
  const known = expected[`${count}/${maxOvertakes}`]
  // Half a unit of the last digit that is known.
  if (known !== undefined) return { most: known + 0.0005 }
  return maxOvertakes === 16 ? { most: 1.005 } : undefined
}
