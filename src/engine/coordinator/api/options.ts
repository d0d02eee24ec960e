import { invalidInput, numberText, type Operator } from '../../core/index.ts'
import { checkCoordinatorOptions, type KnownKinds, parseQueue } from '../../events/index.ts'
import type { EngineStore, Telemetry } from '../../store/index.ts'
import { guarded, type Logger } from '../base/logger.ts'
import { PATIENCE_MS } from '../base/retry.ts'

/** `observe` answers and records what it would decide, and blocks no job. Use it to try the coordinator out. */
export type Mode = 'enforce' | 'observe'
/** What happens to jobs at the gate while the database cannot be reached. */
export type OnUnavailable = 'block' | 'bypass'

export interface CoordinatorOptions {
  /** Where the queue lives. `getJobCoordinator()` finds it in the environment. */
  readonly store: EngineStore
  /** The queue: 1 to 200 characters. Queues are independent of each other. @defaultValue `default` */
  readonly queue?: string
  /**
   * A name for this process: its worker ids begin with it. 1 to 50 letters, digits and `_.@-`. The log keeps it, so name a role, not a
   * person.
   * @defaultValue none
   */
  readonly name?: string
  /**
   * Who acts through this process: `{ operator, host, command }`, where the last two may be `null`. Kept beside the log
   * (`job_queue_operators`), where you can delete it. Each text is cut, at 200 or 500 characters.
   * @defaultValue none
   */
  readonly operator?: Operator | undefined
  /** Where the `[COORDINATOR]` lines go. `structuredLogger(pino())` gives pino their fields, too. @defaultValue standard error */
  readonly logger?: Logger
  /**
   * How long a process may be silent until others get its jobs, in milliseconds; at least 100. Running attempts survive an outage
   * of the database that is at least 15 s shorter: for one of 10 s, give 25,000.
   * @defaultValue 15,000; 18,000 over the HTTP API of Supabase
   */
  readonly leaseMs?: number
  /** How long other processes still wait after that, in milliseconds. @defaultValue 5,000 */
  readonly graceMs?: number
  /**
   * How often to read the log while no notification comes, in milliseconds: if a notification is lost, a job starts
   * at most this much later (over the HTTP API of Supabase: 6 s, by the heartbeat).
   * @defaultValue 1,000; 120,000 over the HTTP API
   */
  readonly pollMs?: number
  /**
   * How long a call is tried again while the database does not answer, in milliseconds. 0: one try, given up after 2 s. A call that is
   * given up while its append is under way may still take effect.
   * @defaultValue 30,000; 3,000 under `bypass`
   */
  readonly patienceMs?: number
  /**
   * How long `createCoordinator` tries to reach the database, in milliseconds. `Infinity`, as in `interlock work`: as long as it takes. A
   * refused login is an error at once.
   * @defaultValue `patienceMs`
   */
  readonly joinMs?: number
  /**
   * A snapshot is kept after so many events, for processes that start later; at least 100. With many live jobs it is kept less often.
   * @defaultValue 50,000
   */
  readonly snapshotEvery?: number
  /** `observe`: records what it would decide, and stops no job; includes `onUnavailable: 'bypass'`. @defaultValue `enforce` */
  readonly mode?: Mode
  /**
   * While the database is away, `block`: calls fail with `store_unavailable`. `bypass`: jobs run beside all others, which is logged as an
   * error and recorded as `bypassed` later.
   * @defaultValue `block`
   */
  readonly onUnavailable?: OnUnavailable
  /** Makes traces: `openTelemetry()` of `interlock-queue/otel`. Workers and workflows of this coordinator use it too. @defaultValue none */
  readonly telemetry?: Telemetry | undefined
  /**
   * True: refuses settings without effect (`invalid_input`), such as a pause of a model that nobody needs.
   * @defaultValue `false`: it is done, and a line of the logger says so
   */
  readonly strict?: boolean | undefined
  /** What each kind takes and returns: `defineQueue`. @defaultValue none: any kind, any JSON */
  readonly contract?: KnownKinds | undefined
}

/** The defaults. */
const defaults = {
  queue: 'default',
  leaseMs: 15_000,
  graceMs: 5_000,
  pollMs: 1_000,
  patienceMs: PATIENCE_MS,
  joinMs: PATIENCE_MS,
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
