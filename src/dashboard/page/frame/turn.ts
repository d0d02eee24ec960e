/** In milliseconds. Longer work lets the page be drawn in between. */
const FRAME_MS = 8

let began = 0

/** If this frame's time for work is over, lets everything that waits go first. */
export async function turn(): Promise<void> {
  const now = performance.now()
  if (now - began < FRAME_MS) return
  await new Promise((resolve) => setTimeout(resolve))
  began = performance.now()
}
