import { plural } from '../../../tools/format/index.ts'
import type { Frame } from '../frame.ts'

const SHOWN = 5

/** Reports on standard error what was left out of a file, and why. */
export function noteSkipped(frame: Frame, skipped: readonly string[]): void {
  if (skipped.length === 0) return
  for (const text of skipped.slice(0, SHOWN)) frame.note(`skipped: ${text}`)
  const more = skipped.length > SHOWN ? ` (the first ${SHOWN} are shown)` : ''
  frame.note(`${plural(skipped.length, 'broken line')} left out${more}`)
}
