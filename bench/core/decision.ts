import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { ratios } from '../frame/statistics.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { byModel, type LineShape, WorkedLine } from './line.ts'

type Setting = Omit<LineShape, 'waiting'> & { readonly name: string }

const settings: readonly Setting[] = [
  { name: '10 models', models: 10, each: 1, policy: byModel },
  { name: '1,000 models', models: 1_000, each: 1, policy: byModel },
  { name: '1,000 models, 4 a job', models: 1_000, each: 4, policy: byModel },
  { name: '10 models, 16 overtakes', models: 10, each: 1, policy: { ...byModel, maxOvertakes: 16 } },
]

/** Enqueue, end and start of one job, in time of this thread's processor. The garbage it leaves is part of it. */
export async function decisionRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const setting of settings) {
    const lengths = context.quick ? [10, 100] : [100, 10_000, 100_000]
    const costs: (readonly number[])[] = []
    for (const waiting of lengths) {
      const what = `${setting.name}, ${waiting.toLocaleString('en')} waiting`
      const line = new WorkedLine({ ...setting, waiting })
      const steps = sized(context, 20_000, 500)
      work(line, steps)
      const { us } = await sample(context, what, () => ({ us: work(line, steps) }))
      costs.push(us)
      rows.push({ what: `enqueue + end + start, ${what}`, unit: 'µs CPU', samples: us })
      const [base] = costs
      if (base !== undefined && waiting === lengths.at(-1)) {
        const samples = ratios(us, base)
        rows.push({ what: `the same over ${lengths[0]} waiting`, unit: '×', samples, goal: { most: 1.5 } })
      }
    }
  }
  return rows
}

function work(line: WorkedLine, steps: number): number {
  const taken = stopwatch()
  for (let i = 0; i < steps; i++) line.step()
  return (taken().cpuMs * 1_000) / steps
}
