import type { Command } from 'commander'
import type { CoordinatorOptions } from '../../engine/coordinator/index.ts'
import { numberIn } from './flag-value.ts'

export interface LeaseFlags {
  readonly lease?: string
  readonly patience?: string
}

/** What they set, for the coordinator of a process. */
export type LeaseTimes = Pick<CoordinatorOptions, 'leaseMs' | 'patienceMs'>

/** The bounds of `leaseMs` and `patienceMs`, in seconds. */
const ranges = {
  lease: { min: 0.1, max: 3_600, whole: false },
  patience: { min: 0, max: 3_600, whole: false },
} as const

export function addLeaseFlags(command: Command): Command {
  return command
    .option(
      '--lease <seconds>',
      'how long jobs stay with a worker process that the database does not hear; longer than a fail-over of yours takes, by 15 (default: 15)',
    )
    .option(
      '--patience <seconds>',
      'how long a call is tried again while the database does not answer (default: 30)',
    )
}

/** @throws InterlockError `invalid_input`, naming the flag */
export function leaseTimes({ lease, patience }: LeaseFlags): LeaseTimes {
  const [leaseSeconds, patienceSeconds] = [
    numberIn('--lease', lease, ranges.lease),
    numberIn('--patience', patience, ranges.patience),
  ]
  return {
    ...(leaseSeconds === undefined ? {} : { leaseMs: Math.round(leaseSeconds * 1_000) }),
    ...(patienceSeconds === undefined ? {} : { patienceMs: Math.round(patienceSeconds * 1_000) }),
  }
}

/** The flags as words of a command line, for another process. */
export function leaseWords({ lease, patience }: LeaseFlags): string[] {
  return [
    ...(lease === undefined ? [] : ['--lease', lease]),
    ...(patience === undefined ? [] : ['--patience', patience]),
  ]
}
