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
      'how long a worker process keeps its jobs without a heartbeat; make it 15 longer than a fail-over takes (default: 15)',
    )
    .option(
      '--patience <seconds>',
      'how long to retry calls while the database does not answer (default: 30)',
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
