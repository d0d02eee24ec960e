// Slow, 27 s: lines of 4,000 jobs, and what their decisions enter.
import { Session } from 'node:inspector/promises'
import { describe, expect, it } from 'vitest'
import { type Crew, CrowdedLine, everything, warmEverything } from '../../../bench/core/crowded-line.ts'
import { SharedLine } from '../../../bench/core/shared-line.ts'
import { isInLine, isStartable, type Policy } from '../../../src/engine/core/index.ts'

const STEPS = 60

/** How often functions of the core are entered in a step, once the line is as it stays. */
const enteredAt = (
  waiting: number,
  ...how: readonly [policy?: Policy, crew?: Crew, classes?: number]
): Promise<number> => entered(new CrowdedLine(waiting, ...how))

async function entered(line: { step(): void }, steps = STEPS): Promise<number> {
  for (let i = 0; i < 4 * steps; i++) line.step()
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  for (let i = 0; i < steps; i++) line.step()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const core = result.filter(({ url }) => url.includes('/engine/core/')).flatMap((script) => script.functions)
  return core.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0) / steps
}

describe('with places, units, uses, modes, rates and fair shares, where jobs may overtake', () => {
  it('a decision costs at most 1.5 times as much with many waiting, of two hundred sets', async () => {
    const of = [everything, { processes: 1 }, 200] as const
    const few = await enteredAt(100, ...of)
    expect((await enteredAt(4_000, ...of)) / few).toBeLessThan(1.5)
  })

  it('nor where processes keep models loaded, for which jobs may be passed', async () => {
    const of = [warmEverything, { processes: 16, keeps: 2 }, 200] as const
    const few = await enteredAt(100, ...of)
    expect((await enteredAt(4_000, ...of)) / few).toBeLessThan(1.5)
  })

  it.each(['units with asks', 'weights with tiers', 'both'] as const)(
    'nor where processes share cards and nobody takes what more would fit: %s',
    async (how) => {
      const few = await entered(new SharedLine(500, how), 10)
      expect((await entered(new SharedLine(3_000, how), 10)) / few).toBeLessThan(1.5)
    },
  )

  it('nobody who may start is left out, however many are passed over', () => {
    const line = new CrowdedLine(1_000)
    for (let i = 0; i < 150; i++) {
      line.step()
      const { ledger, now } = line.queue
      const left = [...ledger.jobs].filter(
        (job) => isInLine(job) && job.offeredAt === null && isStartable(ledger, job, now - 10),
      )
      expect(left.map(({ jobId }) => jobId)).toEqual([])
    }
  })
})
