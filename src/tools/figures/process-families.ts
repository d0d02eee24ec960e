import type { Vitals } from '../../engine/coordinator/index.ts'
import type { Family } from './family.ts'

/** What one process says of itself. */
export interface ReadProcess {
  readonly queue: string
  readonly vitals: Vitals
  /** Attempts that it runs. */
  readonly running: number
  readonly created: number
}

type ProcessFamilyRow = readonly [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  read: (of: ReadProcess) => number | null,
]

const sum = 'Of this process: sum without (instance).'
const worst = 'As this process sees it: max without (instance).'
const seconds = (ms: number) => ms / 1_000

const rows: readonly ProcessFamilyRow[] = [
  [
    'interlock_process_ok',
    'gauge',
    '1 while nothing fails that has to work, and the lease of this process is good. Of this process: min without (instance).',
    ({ vitals }) => (vitals.ok ? 1 : 0),
  ],
  [
    'interlock_process_lease_remaining_seconds',
    'gauge',
    'How long the lease of this process is still good; 0: it is lost, and others have its jobs or soon will. Of this process: min without (instance).',
    ({ vitals }) => seconds(vitals.leaseMs),
  ],
  [
    'interlock_process_running_jobs',
    'gauge',
    `Attempts that this process runs. ${sum}`,
    ({ running }) => running,
  ],
  [
    'interlock_process_free_slots',
    'gauge',
    `Jobs that its workers could take at once. ${sum}`,
    ({ vitals }) => vitals.freeSlots,
  ],
  [
    'interlock_process_commands',
    'counter',
    `Commands that it sent. ${sum}`,
    ({ vitals }) => vitals.counts.commands,
  ],
  [
    'interlock_process_appends',
    'counter',
    `Appends that it wrote. ${sum}`,
    ({ vitals }) => vitals.counts.appends,
  ],
  [
    'interlock_process_appends_lost',
    'counter',
    `Appends that were refused, mostly since another process was faster; they are decided again. ${sum}`,
    ({ vitals }) => vitals.counts.lost,
  ],
  [
    'interlock_process_appends_retried',
    'counter',
    `Appends that were sent again since the database had not answered. ${sum}`,
    ({ vitals }) => vitals.counts.retried,
  ],
  [
    'interlock_process_stale_writes_refused',
    'counter',
    `Writes that were refused since the attempt was over or another's: a worker that went on after it had lost its lease. ${sum}`,
    ({ vitals }) => vitals.staleWrites,
  ],
  [
    'interlock_process_catch_up_lag_events',
    'gauge',
    `Events that are known to be in the log and that this process has not folded yet. ${worst}`,
    ({ vitals }) => vitals.catchUp.events,
  ],
  [
    'interlock_process_catch_up_lag_seconds',
    'gauge',
    `How long ago this process last knew all of the log; about a poll while nothing happens. ${worst}`,
    ({ vitals }) => seconds(vitals.catchUp.ms),
  ],
  [
    'interlock_process_projection_lag_events',
    'gauge',
    `Events that your tables do not show yet, as this process last saw them. ${worst}`,
    ({ vitals }) => vitals.projection?.events ?? null,
  ],
  [
    'interlock_process_projection_lag_seconds',
    'gauge',
    `For how long your tables have been behind the log; 0: they are not. ${worst}`,
    ({ vitals: { projection } }) => (projection === null ? null : seconds(projection.ms)),
  ],
  [
    'interlock_process_projection_set_aside_rows',
    'gauge',
    `Rows of your tables that could not be written and are tried again: "interlock doctor" says why. ${worst}`,
    ({ vitals }) => vitals.projection?.setAside ?? null,
  ],
  [
    'interlock_process_intake_lag_seconds',
    'gauge',
    'How long ago this process last found no more rows of jobs to take in; about a poll while all is well. Not there without intake. As this process sees it: min without (instance).',
    ({ vitals: { intake } }) => (intake === null ? null : seconds(intake.ms)),
  ],
  [
    'interlock_process_intake_rows',
    'counter',
    `Rows of jobs that it took in, or found that they can be no jobs. ${sum}`,
    ({ vitals }) => vitals.intake?.rows ?? null,
  ],
]

/** What belongs to this process, for each queue that it has joined. */
export const processFamilies = (processes: readonly ReadProcess[]): readonly Family[] =>
  rows.map(([name, type, help, read]) => ({
    name,
    type,
    help,
    samples: processes.flatMap((one) => {
      const value = read(one)
      const { queue, created } = one
      return value === null ? [] : [{ labels: { queue }, value, ...(type === 'counter' ? { created } : {}) }]
    }),
  }))
