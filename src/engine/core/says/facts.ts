import type { HasWorker } from '../needs/waits.ts'
import type { Job } from '../state/job.ts'
import type { LedgerView } from '../state/ledger.ts'
import { isServed } from '../state/serving.ts'
import type { RecordedEvent } from '../values/event.ts'
import { MICROS_PER_MS, type Micros } from '../values/job.ts'

/** A worker process as its row says it. */
export interface WorkerFact {
  /** Which process. */
  readonly workerId: string
  /** `live`. `late`: past its time to live. `dead`: past the grace too, or it left. */
  readonly state: 'live' | 'late' | 'dead'
  /** The kinds that it takes; null: every kind. */
  readonly kinds: readonly string[] | null
  /** How many more jobs it takes now. */
  readonly freeSlots: number
  /** Its release of Interlock. */
  readonly release: string
}

/** Who acts through a process. Kept beside the log, which has the worker id and names nobody. */
export interface Operator {
  /** A person or role. */
  readonly operator: string
  /** The machine; null: not said. */
  readonly host: string | null
  /** What was typed, such as `interlock pause flux-dev`; null: not said. */
  readonly command: string | null
}

/** Who acts through a process, as it was noted. */
export interface KnownOperator extends Operator {
  readonly workerId: string
  readonly at: Micros
}

/** What is known of a queue when somebody asks what is with a job. */
export interface QueueFacts {
  readonly ledger: LedgerView
  readonly now: Micros
  /** Null: not known, as for the past. */
  readonly workers: readonly WorkerFact[] | null
  /** Who paused models, by worker id; absent: nobody has looked. */
  readonly operators?: ReadonlyMap<string, Operator>
  /** Jobs whose handlers have committed their end, which nobody has written into the log yet; absent: nobody has looked. */
  readonly ending?: ReadonlySet<string>
}

/** A command by SQL that names the job: nobody has decided it, or it was refused. */
export interface SubmittedCommand {
  readonly requestId: string
  /** `enqueue`, `start`, `cancel`, … */
  readonly type: string
  readonly at: Micros
  /** Null: it is undecided. */
  readonly refusal: { readonly code: string; readonly message: string; readonly at: Micros } | null
  /** Why a submitted job is not in line yet; null: nobody has looked, or it is another command. */
  readonly held: { readonly code: string; readonly message: string } | null
}

/** What the database knows of one job beside the ledger. */
export interface JobRecord {
  /** The newest first, 20 at most. Refused ones are those that would have put it in line, of the last day. */
  readonly commands: readonly SubmittedCommand[]
  /** There are more commands than were looked at. */
  readonly isCut: boolean
  /** When its row of `jobs` arrived that nobody has taken in yet; null: there is none. */
  readonly arrivedAt: Micros | null
  /** When it was cancelled while it was submitted, in the last day; null, or absent: it was not. */
  readonly cancelledAt?: Micros | null
  readonly notTakenIn: { readonly reason: string; readonly at: Micros } | null
  /** The state of a row of `jobs` that no log knows and that has not arrived; null: there is none. */
  readonly row: 'pending' | 'running' | null
  /** The last events of its last life, in order; 200 at most. */
  readonly events: readonly RecordedEvent[]
  /** Its events were read from the archive. */
  readonly isArchived?: true
  /** Events up to this one are not in the log any more. */
  readonly archivedSeq: number
  /** The archive of this database has some of them. */
  readonly isKept: boolean
  /** How many of its events its row of `jobs` does not follow yet; null: it has none. */
  readonly behind: { readonly events: number; readonly ageMs: number | null } | null
}

/** A process of Interlock says its release. A worker in another language says something else, and decides nothing. */
const RELEASE = /^\d+\.\d+\.\d+/

/** Whether a process is alive that decides commands, and records what time alone has changed. Taken for granted if nobody knows. */
export function hasDecider({ workers }: Pick<QueueFacts, 'workers'>): boolean {
  return workers === null || workers.some(({ state, release }) => state === 'live' && RELEASE.test(release))
}

/** The live processes that have a handler for a kind. */
export const serversOf = (workers: readonly WorkerFact[], kind: string): readonly WorkerFact[] =>
  workers.filter(({ state, kinds }) => state === 'live' && (kinds?.includes(kind) ?? true))

/** Those that may be given the places of a job, too. */
export const serversAtPlaces = (
  { servers }: Pick<LedgerView, 'servers'>,
  workers: readonly WorkerFact[],
  { places, spec }: Job,
): readonly WorkerFact[] =>
  serversOf(workers, spec.kind).filter(({ workerId }) =>
    Object.values(places ?? {}).every((place) => isServed(servers, place, workerId)),
  )

/** Whether one of these processes could run a job now: it is live, serves its places, and has a free slot for it. */
export const hasWorkerAmong =
  (ledger: Pick<LedgerView, 'servers'>, workers: readonly WorkerFact[]): HasWorker =>
  (job) =>
    serversAtPlaces(ledger, workers, job).some(({ freeSlots }) => freeSlots > 0)

/** A live process records within 5 s that a time has passed. After two more of its looks nobody does. */
const SLACK_MS = 15_000

/** Says of a time whether it has passed and some process should have recorded that by now. */
export function overdueIn(facts: Pick<QueueFacts, 'now' | 'workers'>): (at: Micros | null) => boolean {
  if (facts.workers === null) return () => false
  const until = facts.now - (hasDecider(facts) ? SLACK_MS * MICROS_PER_MS : 0)
  return (at) => at !== null && at <= until
}
