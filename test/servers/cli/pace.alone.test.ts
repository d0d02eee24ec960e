import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Frame } from '../../../src/apps/cli/frame.ts'
import { Pace } from '../../../src/apps/cli/pace.ts'

vi.mock('node:timers/promises', () => ({ setTimeout: vi.fn(async () => {}) }))

const T0 = 1_700_000_000_000_000
const stream = { write: () => true }
const frame = new Frame({ stdout: stream, stderr: stream, env: {}, signal: new AbortController().signal }, {})

/** How long, in milliseconds, each of these times is waited for. */
async function pauses(pace: Pace, ...times: readonly number[]): Promise<readonly unknown[]> {
  for (const at of times) await pace.until(at)
  return vi.mocked(sleep).mock.calls.map(([ms]) => ms)
}

describe('the pace of a replay', () => {
  beforeEach(() => vi.mocked(sleep).mockClear())

  it('is that of what happened', async () => {
    expect(await pauses(new Pace(frame, 1, T0), T0 + 250_000, T0 + 1_000_000)).toEqual([250, 750])
  })

  it('is as many times faster as was asked for, and without a pause for 0', async () => {
    expect(await pauses(new Pace(frame, 5, T0), T0 + 1_000_000)).toEqual([200])
    vi.mocked(sleep).mockClear()
    expect(await pauses(new Pace(frame, 0, T0), T0 + 1_000_000)).toEqual([])
  })

  it('lets nobody wait longer than 2 s, through a night in which nothing happened', async () => {
    const night = 8 * 3_600_000_000
    expect(await pauses(new Pace(frame, 1, T0), T0 + night, T0 + night + 500_000)).toEqual([2_000, 500])
    vi.mocked(sleep).mockClear()
    expect(await pauses(new Pace(frame, 0.1, T0), T0 + 500_000)).toEqual([2_000])
  })

  it('waits for nothing before the first event', async () => {
    expect(await pauses(new Pace(frame, 1, 0), T0)).toEqual([])
  })
})
