import {
  type CommandBody,
  type CommandResult,
  type DataChange,
  hash,
  InterlockError,
  isInterlockError,
  jobOf,
  type Ledger,
  lastAfter,
  type Operator,
  type RecordedEvent,
} from '../../core/index.ts'
import { SCHEMA_VERSION } from '../../events/index.ts'
import type { EngineStore, InboxRole } from '../../store/index.ts'
import { newWorkerId } from '../base/identity.ts'
import type { TimeLimit } from '../base/retry.ts'
import { readToHead } from '../replica/catch-up.ts'
import { LogView } from '../replica/log-view.ts'
import { ledgerNear } from '../replica/snapshots.ts'
import { Committer } from './committer.ts'

export interface BesideOptions {
  readonly store: EngineStore
  readonly queue: string
  readonly limit: TimeLimit
  /** Names the process in the log. */
  readonly name?: string | undefined
  /** Who acts, beside the log. */
  readonly operator?: Operator | undefined
  /**
   * Called before each try, with what others have appended since the one before (at first: since `from`). If it throws, nothing is
   * carried out, and that error is the answer.
   */
  readonly check?: ((ledger: Ledger, others: readonly RecordedEvent[]) => void) | undefined
}

export interface Committed {
  readonly isChanged: boolean
  readonly isNewEpoch: boolean
}

/** A command that is carried out beside the members of the queue. */
export interface BesideCommand {
  readonly body: CommandBody
  /** Its id, if it must not be carried out twice; one of its own unless given. */
  readonly id?: string
  /** What is kept beside the log of its jobs. */
  readonly data?: readonly DataChange[]
}

/** The results of commands, in their order, and the queue after them. */
export interface CarriedOut {
  readonly results: readonly CommandResult[]
  readonly ledger: Ledger
  readonly isNewEpoch: boolean
}

/**
 * Carries commands into the log in one append, without joining the queue: no lease, no beat. Joining would first expire the
 * leases of others.
 * @param from where the fold of the log begins; at its newest snapshot unless given
 * @returns the result. If a command is too much for one append, a part of it is carried out; give it again
 * @throws what the store throws, and refusals
 */
export async function commitBeside(
  options: BesideOptions,
  bodies: readonly CommandBody[],
  from?: Ledger,
): Promise<Committed> {
  const commands = bodies.map((body) => ({ body }))
  const { results, isNewEpoch } = await carryOut(options, commands, from)
  const refused = results.find((result) => !result.ok)
  if (refused?.ok === false) throw new InterlockError(refused.code, refused.message)
  return { isChanged: results.some((result) => result.ok && result.changed), isNewEpoch }
}

/** As {@link commitBeside}, for commands of which each may be refused by itself. @throws what the store throws */
export async function carryOut(
  { store, queue, limit, name, operator, check }: BesideOptions,
  commands: readonly BesideCommand[],
  from?: Ledger,
): Promise<CarriedOut> {
  const log = new LogView({ store, queue })
  const sent = log.clock.mark()
  // Ignores a snapshot from beyond the end of this log: a backup of only some tables may have left one.
  const page = await store.read(queue, from?.version ?? 0, 1)
  log.clock.sync(page.now, sent)
  log.replica.startFrom(from ?? (await ledgerNear(store, queue, page.version, () => {})))
  const others: RecordedEvent[] = []
  const reading = log.replica.events$.subscribe((event) => others.push(event))
  await readToHead(log)
  reading.unsubscribe()
  check?.(log.ledger, others)
  const { epoch } = log.ledger
  const committer = new Committer({
    log,
    store,
    limit,
    shapes: { reads: await readsOf(store, queue, commands) },
  })
  const workerId = newWorkerId(name)
  if (operator !== undefined) await store.sign(queue, workerId, operator)
  const answers = commands.map(({ body, id, data = [] }, i) => {
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
    const command = { id: id ?? `${workerId}.${i}`, hash: hash(JSON.stringify(body)), workerId, body }
    return { promise, pending: { command, data, resolve, reject } }
  })
  const own = new Set(answers.map(({ pending }) => pending.command.id))
  const open = committer.open(answers.map(({ pending }) => pending))
  const watching =
    check &&
    log.replica.moves$.subscribe(({ ledger, events }) => {
      // Its own events come in here too, once it is done.
      if (events.some(({ commandId }) => own.has(commandId))) return
      try {
        check(ledger, events)
      } catch (error) {
        open.rejectAll(error)
      }
    })
  const committed = committer.commit(open)
  const [results] = await Promise.all([
    Promise.all(answers.map(({ promise }) => promise)),
    committed,
  ]).finally(() => watching?.unsubscribe())
  return { results, ledger: log.ledger, isNewEpoch: log.ledger.epoch !== epoch }
}

/** It writes a newer shape where every live process reads that. */
const writesNewer = ({ body }: BesideCommand): boolean =>
  body.type === 'set_policy' ||
  body.type === 'set_schedules' ||
  (body.type === 'enqueue' && body.lives !== undefined)

/** The newest shape that every live process reads, if a command may want to write one. */
async function readsOf(
  store: Pick<EngineStore, 'workers'>,
  queue: string,
  commands: readonly BesideCommand[],
): Promise<number> {
  if (!commands.some(writesNewer)) return 0
  const live = (await store.workers(queue)).filter(({ state, reads }) => state !== 'dead' && reads !== null)
  return Math.min(SCHEMA_VERSION, ...live.map(({ reads = 0 }) => reads ?? 0))
}

/** Of the jobs that come after one, first those that are submitted: so none of them comes into line on the way. @throws what the store throws */
export async function cancelSubmittedAfter(
  store: Pick<InboxRole, 'cancelSubmittedAfter'>,
  { queue, jobId }: { readonly queue: string; readonly jobId: string },
  ledger: Ledger,
): Promise<void> {
  const job = jobOf(ledger, jobId)
  const live = job === undefined ? [] : lastAfter(ledger, job, Number.POSITIVE_INFINITY).found
  await store.cancelSubmittedAfter(queue, [jobId, ...live.map((one) => one.jobId)])
}

/**
 * Cancels a job also while it is submitted and not in line yet. One that comes into line at this very moment is live: it is cancelled as
 * such.
 * @param cancel sends the command
 * @returns undefined: it never came into line
 * @throws what sending throws
 */
export async function cancelAlsoSubmitted<Sent>(
  store: Pick<InboxRole, 'cancelSubmitted'>,
  { queue, jobId }: { readonly queue: string; readonly jobId: string },
  cancel: () => Promise<Sent>,
): Promise<Sent | undefined> {
  try {
    return await cancel()
  } catch (error) {
    if (!isInterlockError(error, 'job_not_live')) throw error
    return (await store.cancelSubmitted(queue, jobId)) ? undefined : cancel()
  }
}

export interface EpochOptions extends BesideOptions {
  /** The epoch to end: nothing is done if another one has begun since. Unless given, a new epoch begins in any case. */
  readonly ended?: number
}

/**
 * After a restore: folds the log as it is now, and begins a new epoch in which the queue is drained. It neither joins nor beats:
 * joining would first expire the leases of the jobs in doubt.
 * @throws what the store throws
 */
export async function beginEpoch({ ended, ...options }: EpochOptions): Promise<void> {
  const body = { type: 'recover', ...(ended === undefined ? {} : { ended }) } as const
  for (;;) {
    const { isChanged, isNewEpoch } = await commitBeside(options, [body])
    if (isNewEpoch || !isChanged) return
  }
}
