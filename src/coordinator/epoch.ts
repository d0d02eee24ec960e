import { type CommandResult, hash } from '../core/index.ts'
import type { LogStore } from '../port/index.ts'
import { DatabaseClock } from './clock.ts'
import { Committer } from './committer.ts'
import { Head } from './head.ts'
import { newWorkerId } from './identity.ts'
import { ledgerNear } from './ledger-near.ts'
import type { Patience } from './patience.ts'
import { readToHead } from './read.ts'
import { Replica } from './replica.ts'

export interface EpochOptions {
  readonly store: LogStore
  readonly queue: string
  readonly patience: Patience
  /** Who does it, for the log. */
  readonly name?: string | undefined
  /** The epoch that is over: nothing is done if another one has begun. Unless given, there is a new one whatever was before. */
  readonly ended?: number
}

/**
 * After a restore: folds the log as it is now, and begins a new epoch in which the queue is drained. Joins nothing and sends no
 * beat: a process that joined would expire the leases of the jobs in doubt first.
 * @throws what the store throws
 */
export async function beginEpoch({ store, queue, patience, name, ended }: EpochOptions): Promise<void> {
  const reader = { store, queue, replica: new Replica(), clock: new DatabaseClock(), head: new Head() }
  const ignore = () => {}
  // None from beyond the end of this log, which a backup of some tables may have left.
  const { version } = await store.read(queue, 0, 1)
  reader.replica.startFrom(await ledgerNear(store, queue, version, ignore))
  await readToHead(reader)
  const hooks = { onDeadWorkers: ignore, onUnreadable: ignore, onAppended: ignore }
  const now = () => reader.clock.now()
  const committer = new Committer({ ...reader, patience, now, ...hooks })
  const body = { type: 'recover', ...(ended === undefined ? {} : { ended }) } as const
  const workerId = newWorkerId(name)
  const { epoch } = reader.replica.ledger
  for (let n = 0; reader.replica.ledger.epoch === epoch; n++) {
    const command = { id: `${workerId}.${n}`, hash: hash(JSON.stringify(body)), workerId, body }
    const result = await new Promise<CommandResult>((resolve, reject) => {
      void committer.commit([{ command, resolve, reject }]).finally(() => committer.giveBaton())
    })
    if (!result.ok || !result.changed) return
  }
}
