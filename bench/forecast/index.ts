import type { Bench, Context, Goal, Row } from '../frame/bench.ts'
import { madeUpTrace, readTrace } from '../schedule/trace.ts'
import { calibrate } from './calibrate.ts'

export const forecastBench: Bench = {
  name: 'forecast',
  about:
    'when a waiting job starts: told for jobs of the last 3,000 requests by run times of the first 3,000, and compared with when they did start',
  run: rows,
}

/** The first has to be as good as is promised; the others say what comes of other loads. */
const loads = [
  { name: 'all at once, 64 slots', isPromised: true, load: { slots: 64, maxOvertakes: 0, apart: 0 } },
  {
    name: 'all at once, 64 slots, maxOvertakes 16',
    isPromised: false,
    load: { slots: 64, maxOvertakes: 16, apart: 0 },
  },
  { name: 'all at once, 4 slots', isPromised: false, load: { slots: 4, maxOvertakes: 0, apart: 0 } },
  { name: 'one each 6 s, 64 slots', isPromised: false, load: { slots: 64, maxOvertakes: 0, apart: 6 } },
]

async function rows({ trace, quick, progress }: Context): Promise<readonly Row[]> {
  const real = await readTrace(trace)
  if (real === undefined) console.error(`there is no ${trace}: made-up requests of the same shape`)
  const requests = real ?? madeUpTrace(48_000)
  const count = quick ? 200 : 3_000
  const all: Row[] = []
  for (const { name, load, isPromised } of loads)
    for (const learns of [false, true]) {
      const what = `${real === undefined ? 'MADE UP: ' : ''}${name}${learns ? ', measured on meanwhile' : ''}`
      progress(what)
      const goal = (promised: Goal) => (isPromised ? promised : undefined)
      const found = calibrate(requests.slice(0, count), requests.slice(-count), load, { learns })
      const { within, early, late, width } = found
      all.push(
        {
          what: `${what}: within the range`,
          unit: 'of starts',
          samples: [within],
          goal: goal({ least: 0.75 }),
        },
        { what: `${what}: outside`, unit: 'of starts', samples: [early + late], goal: goal({ least: 0.1 }) },
        { what: `${what}: median width`, unit: '× plain', samples: [width], goal: goal({ most: 0.5 }) },
      )
    }
  return all
}
