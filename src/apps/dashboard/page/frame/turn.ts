/** In milliseconds. Longer work lets the page be drawn in between. */
const FRAME_MS = 8

let began = 0

/**
 * If this frame's time for work is over, lets everything that waits go first.
 * @throws the signal's reason if nobody wants the work any more
 */
export async function turn(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const now = performance.now()
  if (now - began < FRAME_MS) return
  await new Promise((resolve) => setTimeout(resolve))
  began = performance.now()
}
