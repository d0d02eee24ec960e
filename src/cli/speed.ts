import { InterlockError } from '../core/index.ts'
import { numberOf } from './workload/line.ts'

/** How much faster than it happened; 0: without a pause. @throws InterlockError `invalid_input` */
export function speedOf(text: string): number {
  const speed = numberOf(text)
  if (typeof speed === 'number' && speed >= 0 && speed <= 1e6) return speed
  throw new InterlockError('invalid_input', `--speed ${text}: must be a number from 0 to 1,000,000`)
}
