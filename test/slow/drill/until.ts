import { setTimeout as sleep } from 'node:timers/promises'

const MOST_MS = 180_000

/** Waits for something that others bring about. While nobody answers, it does not hold. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUp = performance.now() + MOST_MS
  for (;;) {
    try {
      if (await holds()) return
    } catch (error) {
      if (performance.now() > giveUp) throw error
    }
    if (performance.now() > giveUp) throw new Error(`not within ${MOST_MS / 1_000} s: ${what}`)
    await sleep(50)
  }
}
