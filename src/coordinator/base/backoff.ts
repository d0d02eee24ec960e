/** Milliseconds to wait before try `n` (from 0): full jitter under a doubling bound, so that nobody moves in step. */
export function backoffMs(n: number, base: number, most: number, chance: () => number = Math.random): number {
  return chance() * Math.min(most, base * 2 ** n)
}

/** Waits; ends early, without an error, when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Waits for the work, but no longer than so many milliseconds: false when it has not ended by then. */
export async function atMost(ms: number, work: Promise<void>): Promise<boolean> {
  const ended = new AbortController()
  const late = pause(ms, ended.signal).then(() => false)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    ended.abort()
  }
}
