import { describe, expect, it } from 'vitest'
import { Replies } from '../../src/coordinator/commit/replies.ts'

/** Whether that waits longer than what is ready takes. */
async function isWaiting(wait: Promise<void>): Promise<boolean> {
  let isOver = false
  void wait.then(() => (isOver = true))
  await Promise.resolve()
  return !isOver
}

describe('the next append of the process that decides', () => {
  it('waits for a process that replies soon, until it has', async () => {
    const replies = new Replies()
    replies.heard('quick', 0.2)
    replies.answered(['quick'])
    const wait = replies.soon()
    expect(await isWaiting(wait)).toBe(true)
    replies.heard('quick', 0.2)
    await wait
    expect(await isWaiting(replies.soon())).toBe(false)
  })

  it('waits for no process whose replies take long, or of which it knows none', async () => {
    const replies = new Replies()
    replies.heard('slow', 900)
    replies.answered(['slow', 'new'])
    expect(await isWaiting(replies.soon())).toBe(false)
  })

  it('waits for the last of several', async () => {
    const replies = new Replies()
    for (const sender of ['a', 'b']) replies.heard(sender, 0)
    replies.answered(['a', 'b'])
    const wait = replies.soon()
    replies.heard('a', 0)
    expect(await isWaiting(wait)).toBe(true)
    replies.heard('b', 0)
    await wait
  })

  it('waits for nothing only a few times', async () => {
    const replies = new Replies()
    replies.heard('gone', 0)
    let waits = 0
    for (; waits < 100; waits++) {
      replies.answered(['gone'])
      const wait = replies.soon()
      if (!(await isWaiting(wait))) break
      await wait
    }
    expect(waits).toBeGreaterThan(0)
    expect(waits).toBeLessThan(10)
  })
})
