// Slow, 20 s: compares how long jobs took with what was foretold.
import { beforeAll, describe, expect, it } from 'vitest'
import { madeUpTrace } from '../../../bench/schedule/trace.ts'
import { documentOf, emptyQueue } from '../../servers/cli/history.ts'
import { fileWith } from '../../servers/cli/support.ts'

const JOBS = 120
/** Real seconds per second of the trace: 12 s one after the other, so that what a loaded machine adds to a job is not the most of it. */
const SCALE = 0.004

interface Outcome {
  readonly makespanMs: number
  /** The one that most jobs need first: what a schedule by model cannot be faster than. */
  readonly models: readonly { readonly heldMs: number }[]
}

/**
 * How much longer the jobs themselves took than in the other run, where no rule matters: a loaded machine lets timers and
 * commits of one run come late.
 */
const slower = (happened: Outcome | undefined, foretold: Outcome | undefined): number =>
  (happened?.models[0]?.heldMs ?? Number.NaN) / (foretold?.models[0]?.heldMs ?? Number.NaN)

/** By how much it really took longer (above 0) or shorter than was foretold, as a share of that. */
const off = (happened: Outcome | undefined, foretold: Outcome | undefined): number =>
  (happened?.makespanMs ?? Number.NaN) / (foretold?.makespanMs ?? Number.NaN) - 1

/** Few busy checkpoints, many rare adapters, run times with a long tail: what the requests of a real service look like. */
describe('what-if over requests in the shape of real ones', () => {
  // Which job may pass which turns on milliseconds, and the makespan on who does: there two runs of the same jobs differ by as much.
  const rules = [
    ['by-model', 0.05, ['--policy', 'by-model']],
    ['by-model,overtakes=16', 0.12, ['--policy', 'by-model', '--overtakes', '16']],
  ] as const
  const names = rules.map(([name]) => name)
  let foretold: readonly Outcome[] = []
  const real = new Map<string, readonly Outcome[]>()

  beforeAll(async () => {
    const url = await emptyQueue()
    const trace = madeUpTrace(JOBS)
    /** Runs all of it really, and says from which event on. */
    const run = async (prefix: string, flags: readonly string[]): Promise<string> => {
      const lines = trace.map(
        ({ jobId, models, seconds }) => `${prefix}-${jobId},${models.join(';')},${seconds}`,
      )
      const file = await fileWith('trace.csv', `job_id,models,seconds\n${lines.join('\n')}\n`)
      const { version } = await documentOf(url, ['status'])
      await documentOf(url, ['run', file, '--time-scale', String(SCALE), ...flags])
      return String(version + 1)
    }
    const outcomesSince = async (since: string, tries: readonly string[]): Promise<readonly Outcome[]> =>
      (await documentOf(url, ['what-if', '--since', since, ...tries.flatMap((text) => ['--try', text])]))
        .outcomes
    foretold = (await outcomesSince(await run('serial', ['--policy', 'serial']), names)).slice(2)
    for (const [name, , flags] of rules)
      real.set(name, await outcomesSince(await run(name.replaceAll(',', '-'), flags), ['serial']))
  })

  it.each(rules)('predicts from a serial run how long they take under %s', (name, within) => {
    const [happened] = real.get(name) ?? []
    const then = foretold[names.indexOf(name)]
    const error = (off(happened, then) + 1) / slower(happened, then) - 1
    expect(error).toBeGreaterThan(-within)
    expect(error).toBeLessThan(within)
  })

  it.each(rules)('gives a run under %s as it happened, neither longer nor shorter', (name, within) => {
    const [happened, simulated] = real.get(name) ?? []
    expect(off(happened, simulated)).toBeGreaterThan(-within)
    expect(off(happened, simulated)).toBeLessThan(within)
  })
})
