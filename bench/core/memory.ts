import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { answerOf } from '../frame/child.ts'

/** What a waiting job takes in a process that only waits: the whole ledger over its jobs, in a process of its own. */
export async function memoryRows(context: Context): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [models, each] of [
    [10, 1],
    [1_000, 4],
  ]) {
    const waiting = sized(context, 100_000, 200)
    const what = `memory of a waiting job, ${waiting.toLocaleString('en')} on ${models} models, ${each} a job`
    const { bytes } = await sample(context, what, async () => ({
      bytes: await answerOf<number>(
        new URL('./memory-child.ts', import.meta.url),
        { waiting, models, each },
        ['--expose-gc'],
      ),
    }))
    rows.push({ what, unit: 'bytes', samples: bytes, goal: { most: 1_024 } })
  }
  return rows
}
