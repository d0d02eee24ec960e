import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Patience } from '../../src/coordinator/commit/patience.ts'

/** What it waits next, after answers that took so long each, in milliseconds. */
async function lookAfter(...answers: readonly number[]): Promise<number> {
  let clock = 0
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
  onTestFinished(() => void vi.restoreAllMocks())
  const patience = new Patience()
  for (const ms of answers) {
    const waiting = patience.wait(Promise.resolve())
    clock += ms
    await waiting
  }
  return patience.lookMs
}

describe('how long a process waits for the one that decides before it looks', () => {
  it('is not a whole term where answers come fast', async () => {
    expect(await lookAfter()).toBe(50)
    expect(await lookAfter(2, 3, 2)).toBe(50)
  })

  it('is several times what answers usually take, and not much more than a term', async () => {
    const slow = await lookAfter(...Array(20).fill(20))
    expect(slow).toBeGreaterThan(80)
    expect(slow).toBeLessThan(120)
    expect(await lookAfter(...Array(20).fill(400))).toBe(250)
  })
})
