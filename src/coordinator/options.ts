import { parseQueue } from '../codec/index.ts'
import { InterlockError } from '../core/index.ts'
import type { CoordinatorOptions } from './api.ts'

/** What holds unless an option says otherwise. */
const defaults = { queue: 'default', leaseMs: 15_000, graceMs: 5_000, pollMs: 1_000, patienceMs: 30_000 }

/** Milliseconds that make sense: a lease shorter than 100 is lost to any pause of the process. */
const ranges = {
  leaseMs: [100, 3_600_000],
  graceMs: [0, 3_600_000],
  pollMs: [10, 3_600_000],
  patienceMs: [0, 3_600_000],
} as const

export type WholeOptions = CoordinatorOptions & typeof defaults

/** The options with their defaults. @throws InterlockError `invalid_input`, naming the option and its range */
export function completeOptions(options: CoordinatorOptions): WholeOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const complete = { ...defaults, ...options.store.defaults, ...options, ...given }
  parseQueue(complete.queue)
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = complete[name as keyof typeof ranges]
    if (Number.isFinite(value) && value >= least && value <= most) continue
    const range = `${least.toLocaleString('en')} to ${most.toLocaleString('en')}`
    throw new InterlockError('invalid_input', `${name} must be milliseconds from ${range}`, { path: name })
  }
  return complete
}
