import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'
import { ratios } from '../frame/statistics.ts'
import { everything } from './crowded-line.ts'
import { byModel, type LineShape } from './line.ts'
import { shared as rules } from './shared-line.ts'

type Setting = Omit<LineShape, 'waiting'> & { readonly name: string }

export interface DecisionInput {
  readonly shape: LineShape
  readonly steps: number
}

const settings: readonly Setting[] = [
  { name: '10 models', models: 10, each: 1, policy: byModel },
  { name: '10 models, 10,000 schedules none due', models: 10, each: 1, policy: byModel, schedules: 10_000 },
  { name: '1,000 models', models: 1_000, each: 1, policy: byModel },
  { name: '1,000 models, 4 a job', models: 1_000, each: 4, policy: byModel },
  { name: 'everything on, 16 overtakes', models: 10, each: 1, policy: everything, crowded: true },
  ...(['off', 'units with asks', 'weights with tiers', 'both'] as const).map((how): Setting => {
    return {
      name: `100 models, 16 processes, ${how}`,
      models: 100,
      each: 1,
      policy: rules[how],
      shared: how,
    }
  }),
  { name: '10 models, 16 overtakes', models: 10, each: 1, policy: { ...byModel, maxOvertakes: 16 } },
]

/**
 * Enqueue, end and start of one job, in time of the deciding thread. The garbage it leaves is part of it. A process of its
 * own for each length: what another line has left behind is not.
 */
export async function decisionRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const { name, ...setting } of settings) {
    const lengths = context.quick ? [100] : [100, 10_000, 100_000]
    const figures = await sample(context, `a decision, ${name}`, async () => {
      const costs: Record<number, number> = {}
      for (const waiting of lengths) costs[waiting] = await costOf(context, { ...setting, waiting })
      return costs
    })
    const samplesOf = (waiting: number | undefined) => figures[waiting ?? 0] ?? []
    for (const waiting of lengths) {
      const what = `enqueue + end + start, ${name}, ${waiting.toLocaleString('en')} waiting`
      rows.push({ what, unit: 'µs CPU', samples: samplesOf(waiting) })
    }
    rows.push({
      what: `the same over ${lengths[0]} waiting`,
      unit: '×',
      samples: ratios(samplesOf(lengths.at(-1)), samplesOf(lengths[0])),
      goal: { most: 1.5 },
    })
  }
  return rows
}

function costOf(context: Context, shape: LineShape): Promise<number> {
  const { crowded = false, shared } = shape
  const steps = shared === undefined ? sized(context, crowded ? 500 : 20_000, 500) : sized(context, 100, 10)
  const input: DecisionInput = { shape, steps }
  return answerOf<number>(new URL('./decision-child.ts', import.meta.url), input)
}
