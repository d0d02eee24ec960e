/** A piece of work that is longer than this, in milliseconds, lets the page be drawn in between. */
const FRAME_MS = 8

let began = 0

/** Lets all go first that waits, if it is time to: the work of a frame is over. */
export async function turn(): Promise<void> {
  const now = performance.now()
  if (now - began < FRAME_MS) return
  await new Promise((resolve) => setTimeout(resolve))
  began = performance.now()
}
