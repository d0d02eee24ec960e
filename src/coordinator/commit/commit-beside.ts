import { type CommandBody, type CommandResult, hash, InterlockError, type Ledger } from '../../core/index.ts'
import type { LogStore } from '../../port/index.ts'
import { newWorkerId } from '../base/identity.ts'
import type { Patience } from '../base/retry.ts'
import { DatabaseClock } from '../replica/database-clock.ts'
import { Head } from '../replica/head.ts'
import { ledgerNear } from '../replica/ledger-near.ts'
import { readToHead } from '../replica/read-log.ts'
import { Replica } from '../replica/replica.ts'
import { Committer } from './committer.ts'
import { Staging } from './staging.ts'

export interface BesideOptions {
  readonly store: LogStore
  readonly queue: string
  readonly patience: Patience
  /** Who does it, for the log. */
  readonly name?: string | undefined
}

export interface Committed {
  readonly isChanged: boolean
  readonly isNewEpoch: boolean
}

/**
 * Carries commands into the log, in one append, without joining the queue: no lease, no beat. A process that joined would expire the
 * leases of others first.
 * @param from where the fold of the log begins; from its newest snapshot unless given
 * @returns what it came to; a command that is too much for one append is carried out in part, and has to be given again
 * @throws what the store throws, and what was refused
 */
export async function commitBeside(
  { store, queue, patience, name }: BesideOptions,
  bodies: readonly CommandBody[],
  from?: Ledger,
): Promise<Committed> {
  const reader = { store, queue, replica: new Replica(), clock: new DatabaseClock(), head: new Head() }
  const ignore = () => {}
  const sent = reader.clock.mark()
  // None from beyond the end of this log, which a backup of some tables may have left.
  const page = await store.read(queue, from?.version ?? 0, 1)
  reader.clock.sync(page.now, sent)
  reader.replica.startFrom(from ?? (await ledgerNear(store, queue, page.version, ignore)))
  await readToHead(reader)
  const { epoch } = reader.replica.ledger
  const now = () => reader.clock.now()
  const hooks = { onDeadWorkers: ignore, onRequested: ignore, onUnreadable: ignore, onAppended: ignore }
  const staging = new Staging({ store, queue, patience })
  const committer = new Committer({ ...reader, patience, staging, now, ...hooks })
  const workerId = newWorkerId(name)
  const answers = bodies.map((body, i) => {
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
    const command = { id: `${workerId}.${i}`, hash: hash(JSON.stringify(body)), workerId, body }
    return { promise, pending: { command, resolve, reject } }
  })
  const committed = committer
    .commit(answers.map(({ pending }) => pending))
    .finally(() => committer.giveBaton())
  const [results] = await Promise.all([Promise.all(answers.map(({ promise }) => promise)), committed])
  const refused = results.find((result) => !result.ok)
  if (refused?.ok === false) throw new InterlockError(refused.code, refused.message)
  const isChanged = results.some((result) => result.ok && result.changed)
  return { isChanged, isNewEpoch: reader.replica.ledger.epoch !== epoch }
}
