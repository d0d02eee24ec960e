import { afterEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/index.ts'
import { closeJobCoordinator, getJobCoordinator } from '../../../src/engine/process/index.ts'
import { migratedDatabase } from '../contract/support.ts'

afterEach(() => vi.unstubAllEnvs())

describe('getJobCoordinator and closeJobCoordinator', () => {
  it('give one per process, and another one after it was closed', async () => {
    vi.stubEnv('INTERLOCK_URL', await migratedDatabase())
    const one = await getJobCoordinator({ logger: silentLogger })
    expect(await getJobCoordinator({ logger: silentLogger })).toBe(one)
    await closeJobCoordinator()
    const other = await getJobCoordinator({ logger: silentLogger })
    expect(other).not.toBe(one)
    await closeJobCoordinator()
    await closeJobCoordinator()
  })
})
