/** How many jobs may start is one number in all faces: doctor and health by the census, the dashboard by its reasons. */
import { expect, it } from 'vitest'
import { groupsIn } from '../../../src/apps/dashboard/page/screen/now/reason-groups.ts'
import { explainLive } from '../../../src/engine/core/index.ts'
import { type CensusFacts, censusOf, jobsIn, mayStart } from '../../../src/tools/insight/census.ts'
import { given } from '../../support/scenario.ts'

/** Queues that nobody serves: their offers ran out long ago, so a job may start in the place of the one ahead. */
function frozen(policy: object) {
  const queue = given({ maxActive: null, ...policy })
  for (let n = 0; n < 60; n++)
    queue.enqueue(`j${n}`, [`m${n % 7}`, ...(n % 3 === 0 ? ['shared'] : [])], { kind: `k${n % 2}` } as never)
  return queue.ledger
}

it.each([
  [{ maxOvertakes: 0 }],
  [{ maxOvertakes: 3 }],
  [{ maxOvertakes: null, capacity: { '*': 2 } }],
  [{ maxActive: 4 }],
])('under %j', async (policy) => {
  const ledger = frozen(policy)
  const worker = { workerId: 'w', state: 'live', kinds: ['k0'], freeSlots: 1, release: '0.1.0' }
  for (const workers of [[], [worker]]) {
    const around = { ledger, now: ledger.lastAt + 600_000_000, workers, operators: new Map() }
    const facts = { ...around, ending: new Set<string>() } as unknown as CensusFacts
    const counted = jobsIn(censusOf(facts), ({ kind }) => kind !== null)
    const { reasons: groups } = await groupsIn(facts, ledger, new AbortController().signal)
    const shown = groups.filter(({ code }) => code === 'offered' || code === 'no_worker')
    const explained = [...ledger.jobs].filter((job) =>
      mayStart(explainLive(facts, job.jobId)?.code ?? null, job),
    )
    expect(counted).toBeGreaterThan(0)
    expect([shown.map(({ jobs }) => jobs), explained.length]).toEqual([[counted], counted])
  }
})
