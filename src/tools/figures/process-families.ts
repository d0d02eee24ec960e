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
    '1 while everything that has to work does, and the lease of this process is valid. Of this process: min without (instance).',
    ({ vitals }) => (vitals.ok ? 1 : 0),
  ],
  [
    'interlock_process_lease_remaining_seconds',
    'gauge',
    'How long the lease of this process is still valid; 0: it is lost, and other processes have its jobs or soon will. Of this process: min without (instance).',
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
    `Appends that were refused, mostly since another process was faster; this process decides them again. ${sum}`,
    ({ vitals }) => vitals.counts.lost,
  ],
  [
    'interlock_process_appends_retried',
    'counter',
    `Appends that this process sent again since the database had not answered. ${sum}`,
    ({ vitals }) => vitals.counts.retried,
  ],
  [
    'interlock_process_stale_writes_refused',
    'counter',
    `Writes of a worker that went on after it had lost its lease; the queue refused them. ${sum}`,
    ({ vitals }) => vitals.staleWrites,
  ],
  [
    'interlock_process_catch_up_lag_events',
    'gauge',
    `Events that are in the log and that this process has not read yet. ${worst}`,
    ({ vitals }) => vitals.catchUp.events,
  ],
  [
    'interlock_process_catch_up_lag_seconds',
    'gauge',
    `How long ago this process last knew the whole log; about one poll while nothing happens. ${worst}`,
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
    `How long your tables have been behind the log; 0 if they are up to date. ${worst}`,
    ({ vitals: { projection } }) => (projection === null ? null : seconds(projection.ms)),
  ],
  [
    'interlock_process_projection_set_aside_rows',
    'gauge',
    `Rows of your tables that could not be written; Interlock tries them again, and "interlock doctor" says why. ${worst}`,
    ({ vitals }) => vitals.projection?.setAside ?? null,
  ],
  [
    'interlock_process_intake_lag_seconds',
    'gauge',
    'How long ago this process last had no rows of jobs left to take in; about one poll while all is well. Absent without intake. As this process sees it: min without (instance).',
    ({ vitals: { intake } }) => (intake === null ? null : seconds(intake.ms)),
  ],
  [
    'interlock_process_intake_rows',
    'counter',
    `Rows of jobs that it took in, or found unfit to be jobs. ${sum}`,
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
