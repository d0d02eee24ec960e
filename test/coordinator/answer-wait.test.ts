import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AnswerWait } from '../../src/coordinator/commit/answer-wait.ts'

/** What it waits next, after answers that took so long each, in milliseconds. */
async function lookAfter(...answers: readonly number[]): Promise<number> {
  let clock = 0
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
  onTestFinished(() => void vi.restoreAllMocks())
  const waits = new AnswerWait()
  for (const ms of answers) {
    const waiting = waits.wait(Promise.resolve())
    clock += ms
    await waiting
  }
  return waits.lookMs
}

describe('how long a process waits for the one that decides before it looks', () => {
  it('is not a whole term where answers come fast', async () => {
    expect(await lookAfter()).toBe(50)
    expect(await lookAfter(2, 3, 2)).toBe(50)
  })

  it('is several times what answers usually take, and no more than the longest term', async () => {
    const slow = await lookAfter(...Array(20).fill(20))
    expect(slow).toBeGreaterThan(80)
    expect(slow).toBeLessThan(120)
    expect(await lookAfter(...Array(20).fill(600))).toBe(2_000)
  })
})
