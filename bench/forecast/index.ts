import type { Bench, Context, Row } from '../frame/bench.ts'
import { madeUpTrace, readTrace } from '../schedule/trace.ts'
import { calibrate } from './calibrate.ts'
import { loads } from './loads.ts'
import { drawn } from './stretches.ts'

export const forecastBench: Bench = {
  name: 'forecast',
  about:
    'when a waiting job starts: told for three stretches of 1,000 requests, drawn by a fixed seed, and compared with their starts',
  run: rows,
}

async function rows({ trace, quick, progress }: Context): Promise<readonly Row[]> {
  const real = await readTrace(trace)
  if (real === undefined) console.error(`there is no ${trace}: made-up requests of the same shape`)
  const stretches = drawn(real ?? madeUpTrace(48_000), quick ? 1 : 3, quick ? 100 : 1_000)
  const all: Row[] = []
  for (const { name, load } of loads)
    for (const stretch of stretches) {
      const what = `${real === undefined ? 'MADE UP: ' : ''}${name}, from ${stretch.from}`
      progress(what)
      const { within, early, late, answered, width } = calibrate(stretch, load)
      all.push(
        { what: `${what}: within the range`, unit: 'of starts', samples: [within], goal: { least: 0.75 } },
        { what: `${what}: early`, unit: 'of starts', samples: [early] },
        { what: `${what}: late`, unit: 'of starts', samples: [late] },
        { what: `${what}: answered`, unit: 'of jobs', samples: [answered], goal: { least: 0.7 } },
        { what: `${what}: median width`, unit: 's', samples: [width] },
      )
    }
  return all
}
