import { appendContract } from './contract/append.ts'
import { benchFor, type Runner, type Subject } from './contract/bench.ts'
import { dataContract } from './contract/data.ts'
import { leaseContract } from './contract/leases.ts'
import { readContract } from './contract/read.ts'
import { rebuildContract } from './contract/rebuild.ts'
import { turnContract } from './contract/turn.ts'

/**
 * What every store has to do, as tests. A store that passes can carry a coordinator.
 *
 * @param subject makes the data that stores are opened over; called once, before the first test
 * @example
 * import { storeContract } from 'interlock-queue/testing'
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 *
 * storeContract('my store', async () => ({ connect: () => myStore(url) }), { describe, it, beforeAll, afterAll })
 */
export function storeContract(name: string, subject: () => Promise<Subject>, runner: Runner): void {
  runner.describe(`${name} keeps the contract of stores:`, () => {
    const bench = benchFor(subject, runner)
    runner.describe('append', () => appendContract(bench))
    runner.describe('leases', () => leaseContract(bench))
    runner.describe('turn', () => turnContract(bench))
    runner.describe('data', () => dataContract(bench))
    runner.describe('read', () => readContract(bench))
    runner.describe('rebuild', () => rebuildContract(bench))
  })
}
