import type { Command } from 'commander'
import type { Access } from '../../tools/history/index.ts'
import type { PeriodOptions } from '../../tools/insight/index.ts'
import { checkMoment, pointOf } from './since.ts'
import { type ArchiveFlags, addArchiveFlag } from './store.ts'

export interface PeriodFlags extends ArchiveFlags {
  readonly since?: string
  readonly until?: string
}

/** @param usual where the period begins unless given; absent: with the log */
export const addPeriodFlags = (command: Command, usual?: string): Command =>
  addArchiveFlag(command)
    .option(
      '--since <seq|time>',
      `the beginning: 24h, 14:03:07, 2026-11-24T15:00:00Z, or an event by its number${usual === undefined ? ' (default: the first event)' : ''}`,
      usual,
    )
    .option('--until <seq|time>', 'the end: up to and with that event or second (default: now)')

/** Call it before anything is opened. @throws InterlockError `invalid_input` */
export function checkPeriod({ since, until }: PeriodFlags): void {
  checkMoment('--since', since)
  checkMoment('--until', until)
}

/** The period that the flags name. @throws InterlockError `invalid_input` */
export async function periodIn(access: Access, { since, until }: PeriodFlags): Promise<PeriodOptions> {
  const begin = since === undefined ? undefined : await pointOf(access, '--since', since)
  const end = until === undefined ? undefined : await pointOf(access, '--until', until)
  return { since: begin, until: end }
}
