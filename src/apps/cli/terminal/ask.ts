import { Interrupted } from '../failure.ts'
import type { Frame } from '../frame.ts'

const CTRL_C = '\u0003'

/** Asks on the terminal; any key but `y` means no. @throws Interrupted on Ctrl-C */
export async function isConfirmed(frame: Frame, question: string): Promise<boolean> {
  const { keys } = frame.surface
  if (keys === undefined) return false
  frame.note(`${question} (y/N)`)
  const { promise, resolve } = Promise.withResolvers<string>()
  const stop = keys.listen(resolve)
  const aborted = () => resolve(CTRL_C)
  frame.signal.addEventListener('abort', aborted)
  const key = await promise
  frame.signal.removeEventListener('abort', aborted)
  stop()
  if (key === CTRL_C) throw new Interrupted()
  return key.toLowerCase() === 'y'
}
