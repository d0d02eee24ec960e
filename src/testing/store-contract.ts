import { appendContract } from './contract/append.ts'
import { benchFor, type Runner, type Subject } from './contract/bench.ts'
import { cutContract } from './contract/cut.ts'
import { dataContract } from './contract/data.ts'
import { deadContract } from './contract/dead.ts'
import { decidingContract } from './contract/deciding.ts'
import { leaseContract } from './contract/leases.ts'
import { otherLogContract, otherLogTurnContract } from './contract/other-log.ts'
import { readContract } from './contract/read.ts'
import { rebuildContract } from './contract/rebuild.ts'
import { snapshotContract } from './contract/snapshot.ts'
import { noTurnContract, turnContract } from './contract/turn.ts'

/**
 * What every store has to do, as tests. A store that passes can carry a coordinator.
 *
 * @param subject makes the data that stores are opened over; called once, before the first test
 * @param turns false for a store that has no `turn`, since each of its calls is a transaction of its own
 * @param deciding true for a store in which one process can decide for all
 * @example
 * import { storeContract } from 'interlock-queue/testing'
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 *
 * storeContract('my store', async () => ({ connect: () => myStore(url) }), { describe, it, beforeAll, afterAll })
 */
export function storeContract(
  name: string,
  subject: () => Promise<Subject>,
  runner: Runner,
  { turns = true, deciding = false }: { readonly turns?: boolean; readonly deciding?: boolean } = {},
): void {
  runner.describe(`${name} keeps the contract of stores:`, () => {
    const bench = benchFor(subject, runner)
    runner.describe('append', () => appendContract(bench))
    runner.describe('another log', () => {
      otherLogContract(bench)
      if (turns) otherLogTurnContract(bench)
    })
    runner.describe('leases', () => leaseContract(bench))
    runner.describe('turn', () => (turns ? turnContract(bench) : noTurnContract(bench)))
    if (deciding) runner.describe('deciding for all', () => decidingContract(bench))
    runner.describe('data', () => dataContract(bench))
    runner.describe('dead letters', () => deadContract(bench))
    runner.describe('read', () => readContract(bench))
    runner.describe('rebuild', () => rebuildContract(bench))
    runner.describe('snapshot', () => snapshotContract(bench))
    runner.describe('cut', () => cutContract(bench))
  })
}
