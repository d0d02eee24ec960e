import { invalidInput, numberText, type Operator } from '../../core/index.ts'
import { checkCoordinatorOptions, parseQueue } from '../../events/index.ts'
import type { EngineStore, Telemetry } from '../../store/index.ts'
import { guarded, type Logger } from '../base/logger.ts'

/** `observe` answers and records what it would decide, and blocks no job. Use it to try the coordinator out. */
export type Mode = 'enforce' | 'observe'
/** What happens to jobs at the gate while the database cannot be reached. */
export type OnUnavailable = 'block' | 'bypass'

export interface CoordinatorOptions {
  readonly store: EngineStore
  /** `default` unless given; 1 to 200 characters. */
  readonly queue?: string
  /**
   * A name for this process in the log: its worker ids begin with it, and every event names the worker id of the process that
   * caused it. 1 to 50 letters, digits and `_.@-`; none unless given. The log is append-only, so do not use a name that you may
   * have to erase.
   */
  readonly name?: string
  /**
   * Who acts through this process: a person or role, the machine, what was typed. It is kept beside the log (`job_queue_operators`),
   * found by the worker id that events name, and may be deleted; none unless given. Each text is cut, at 200 or 500 characters.
   */
  readonly operator?: Operator | undefined
  /** Where the `[COORDINATOR]` lines go; standard error unless given. `structuredLogger(pino())` gives pino their fields, too. */
  readonly logger?: Logger
  /**
   * How long the lease of this process lives without a beat; 15,000 unless given, at least 100. An outage of the database that is 15 s shorter loses no
   * attempt; the jobs of a process that died start again so long, and `graceMs`, after its last beat.
   */
  readonly leaseMs?: number
  /** How long other processes still wait after that; 5,000 unless given. */
  readonly graceMs?: number
  /** How often to read the log when no notification comes; 1,000 unless given. */
  readonly pollMs?: number
  /**
   * How long to try a call again while the database does not answer; 30,000 unless given, 3,000 under `onUnavailable: 'bypass'`. It
   * counts from when the call was made. 0: one try, given up after 2 s without an answer. A call that is given up while its append is
   * under way may still take effect. It keeps no handler running: an attempt whose lease is over is lost, however long its end is reported.
   */
  readonly patienceMs?: number
  /**
   * How long `createCoordinator` tries to reach the database before it rejects; `patienceMs` unless given. `Infinity`: as long as it takes,
   * which suits a worker; the log then says once a minute why it does not get there. A refused login is an error at once.
   */
  readonly joinMs?: number
  /**
   * After how many events to keep a snapshot of the ledger; 50,000 unless given, at least 100. Processes that start later read
   * only the events after the snapshot.
   */
  readonly snapshotEvery?: number
  /** `enforce` unless given. */
  readonly mode?: Mode
  /**
   * `block` unless given: the call fails with `store_unavailable`. `bypass`: the job runs beside all others. This
   * is logged as an error, and recorded as `bypassed` once the database is back.
   */
  readonly onUnavailable?: OnUnavailable
  /** Makes traces of what goes on: `openTelemetry()` of `interlock-queue/otel`. Workers and workflows of this coordinator use it too. */
  readonly telemetry?: Telemetry | undefined
}

/** The defaults. */
const defaults = {
  queue: 'default',
  leaseMs: 15_000,
  graceMs: 5_000,
  pollMs: 1_000,
  patienceMs: 30_000,
  joinMs: 30_000,
  snapshotEvery: 50_000,
  mode: 'enforce' as Mode,
  onUnavailable: 'block' as OnUnavailable,
}

/** A program that goes on without an answer should not have to wait long for one. */
const LENIENT_PATIENCE_MS = 3_000

const words = { mode: ['enforce', 'observe'], onUnavailable: ['block', 'bypass'] } as const

/** Bounds in milliseconds. Any pause of the process would lose a lease shorter than 100. */
const ranges = {
  leaseMs: [100, 3_600_000],
  graceMs: [0, 3_600_000],
  pollMs: [10, 3_600_000],
  patienceMs: [0, 3_600_000],
  joinMs: [0, 3_600_000],
} as const

export type WholeOptions = Omit<CoordinatorOptions, keyof typeof defaults | 'logger'> &
  typeof defaults & { readonly logger: Logger }

/** The options with their defaults. @throws InterlockError `invalid_input`, naming the option and its range */
export function completeOptions(options: CoordinatorOptions): WholeOptions {
  checkCoordinatorOptions(options)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const complete: WholeOptions = {
    ...defaults,
    ...options.store.defaults,
    ...options,
    ...given,
    logger: guarded(options.logger, { queue: options.queue ?? defaults.queue }),
  }
  for (const [name, allowed] of Object.entries(words))
    checkWord(name, complete[name as keyof typeof words], allowed)
  // Observing must not stop a job, so an unreachable database must not either.
  if (complete.mode === 'observe') complete.onUnavailable = 'bypass'
  if (complete.onUnavailable === 'bypass') complete.patienceMs = options.patienceMs ?? LENIENT_PATIENCE_MS
  complete.joinMs = options.joinMs ?? complete.patienceMs
  parseQueue(complete.queue)
  checkName(complete.name)
  checkSnapshotEvery(complete.snapshotEvery)
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = complete[name as keyof typeof ranges]
    if (Number.isFinite(value) && value >= least && value <= most) continue
    if (name === 'joinMs' && value === Number.POSITIVE_INFINITY) continue
    const endless = name === 'joinMs' ? ', or Infinity' : ''
    const range = `${numberText(least)} to ${numberText(most)}${endless}`
    throw invalidInput(`${name} must be milliseconds from ${range}`, name)
  }
  return complete
}

/** A snapshot more often than this costs more than it saves. */
function checkSnapshotEvery(events: number): void {
  if (Number.isSafeInteger(events) && events >= 100 && events <= 1e9) return
  throw invalidInput('snapshotEvery must be a number of events from 100 to 1,000,000,000', 'snapshotEvery')
}

function checkName(name: string | undefined): void {
  if (name === undefined || /^[\w.@-]{1,50}$/.test(name)) return
  throw invalidInput('name must be 1 to 50 letters, digits and _ . @ -', 'name')
}

function checkWord(name: string, word: string, allowed: readonly string[]): void {
  if (allowed.includes(word)) return
  throw invalidInput(`${name} must be ${allowed.map((one) => `'${one}'`).join(' or ')}`, name)
}
