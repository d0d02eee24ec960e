import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../../src/engine/coordinator/index.ts'
import { closeJobCoordinator, getJobCoordinator } from '../../src/engine/process/index.ts'
import { embeddedIn } from '../support/embedded.ts'

afterEach(() => vi.unstubAllEnvs())

describe('getJobCoordinator and closeJobCoordinator', () => {
  it('give one per process, and another one after it was closed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'interlock-process-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await embeddedIn(path.join(folder, 'store'))
    vi.stubEnv('INTERLOCK_URL', `pglite:${path.join(folder, 'store')}`)
    const one = await getJobCoordinator({ logger: silentLogger })
    expect(await getJobCoordinator({ logger: silentLogger })).toBe(one)
    await closeJobCoordinator()
    const other = await getJobCoordinator({ logger: silentLogger })
    expect(other).not.toBe(one)
    await closeJobCoordinator()
    await closeJobCoordinator()
  })
})
