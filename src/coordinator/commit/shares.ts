import type { Claim, Command, Ledger } from '../../core/index.ts'
import type { WorkerRow } from '../../port/index.ts'

/** How often the workers of the queue are looked up while attempts end, in milliseconds. */
const LOOK_MS = 500
/**
 * How long jobs are left to a worker with free slots, in milliseconds. One that takes none by then (it hangs, or drains) is passed over until
 * its next heartbeat.
 */
const LEAVE_MS = 100

export interface SharesOptions {
  /** The workers of the queue, as their heartbeats say. @throws what the store throws */
  readonly workers: () => Promise<readonly WorkerRow[]>
  readonly onError: (error: unknown) => void
}

/** What is known of a worker process. */
interface Known extends Pick<WorkerRow, 'workerId' | 'kinds' | 'beatAt'> {
  /** How many jobs it can run, as far as was ever seen. */
  slots: number
  running: number
  /** By `performance.now()`: since when jobs are left to it, and it has taken none. */
  leftSince: number | undefined
  /** It took none of them in time. */
  isPassedOver: boolean
}

/** A worker whose attempts end in a decision, and how many. */
interface Sender {
  readonly kinds: Claim['kinds']
  ends: number
}

/**
 * Lets all worker processes work on few keys. The end of a job starts the next one of its key in the same append, for the process that ended it:
 * the first process would keep all keys. So while another one has free slots, a process that runs more than its share begins less than it has
 * ended, and the other one takes what is left. It then keeps the key: a key moves once.
 */
export class Shares {
  readonly #options: SharesOptions
  #workers: ReadonlyMap<string, Known> = new Map()
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(options: SharesOptions) {
    this.#options = options
  }

  /** How many attempts their senders may begin in one decision of these commands; those that are not named as many as they claim. */
  of(commands: readonly Command[], ledger: Ledger): ReadonlyMap<string, number> | undefined {
    const senders = sendersOf(commands)
    if (senders.size === 0) return undefined
    // A process that does not decide for others looks only whether a claim would come to nothing.
    if ([...senders.values()].some(({ ends }) => ends > 0)) this.#lookAgain()
    const workers = [...this.#workers.values()]
    const slots = workers.reduce((sum, worker) => sum + worker.slots, 0)
    if (workers.length < 2 || ledger.active.size >= slots) return undefined
    this.#count(workers, ledger)
    const shares = new Map<string, number>()
    for (const [workerId, sender] of senders) {
      const running = this.#workers.get(workerId)?.running ?? 0
      const idle = workers.filter((worker) => worker.running + 1 < running && hasRoomFor(worker, sender))
      if (idle.length === 0) continue
      shares.set(workerId, shareOf(running, sender.ends, idle))
      if (ledger.offered.size > 0) for (const worker of idle) leaveTo(worker)
    }
    return shares
  }

  #lookAgain(): void {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = now
    this.#options.workers().then((rows) => this.#learn(rows), this.#options.onError)
  }

  #learn(rows: readonly WorkerRow[]): void {
    const live = rows.filter(({ state, kinds }) => state === 'live' && kinds?.length !== 0)
    this.#workers = new Map(live.map((row) => [row.workerId, knownOf(row, this.#workers.get(row.workerId))]))
  }

  #count(workers: readonly Known[], ledger: Ledger): void {
    const before = new Map(workers.map((worker) => [worker, worker.running]))
    for (const worker of workers) worker.running = 0
    for (const place of ledger.active) {
      const worker = this.#workers.get(ledger.jobs.get(place)?.workerId ?? '')
      if (worker !== undefined) worker.running++
    }
    for (const [worker, running] of before) {
      worker.slots = Math.max(worker.slots, worker.running)
      if (worker.running > running || ledger.offered.size === 0) worker.leftSince = undefined
    }
  }
}

function knownOf({ workerId, kinds, beatAt, freeSlots }: WorkerRow, before: Known | undefined): Known {
  const isNews = before?.beatAt !== beatAt
  return {
    ...{ workerId, kinds, beatAt },
    slots: Math.max(freeSlots, before?.slots ?? 0),
    running: before?.running ?? 0,
    leftSince: isNews ? undefined : before.leftSince,
    isPassedOver: !isNews && before.isPassedOver,
  }
}

/** Workers that end attempts here and claim others. */
function sendersOf(commands: readonly Command[]): Map<string, Sender> {
  const senders = new Map<string, Sender>()
  for (const { workerId, body, claim } of commands) {
    if (claim === undefined) continue
    const sender = senders.get(workerId) ?? { kinds: claim.kinds, ends: 0 }
    senders.set(workerId, sender)
    if (body.type !== 'claim') sender.ends++
  }
  return senders
}

const hasRoomFor = ({ slots, running, kinds, isPassedOver }: Known, sender: Sender): boolean =>
  !isPassedOver && running < slots && haveCommon(kinds, sender.kinds)

/** Null: every kind. */
const haveCommon = (one: Claim['kinds'], other: Claim['kinds']): boolean =>
  one === null || other === null || one.some((kind) => other.includes(kind))

/** How much may begin of what a process runs that has more than one attempt more than each of these: as much as all of them would run then. */
function shareOf(running: number, ends: number, idle: readonly Known[]): number {
  const all = idle.reduce((sum, worker) => sum + worker.running, running)
  const mean = Math.ceil(all / (idle.length + 1))
  const room = idle.reduce((sum, worker) => sum + worker.slots - worker.running, 0)
  return Math.max(0, mean - (running - ends), ends - room)
}

function leaveTo(worker: Known): void {
  const now = performance.now()
  worker.leftSince ??= now
  if (now - worker.leftSince > LEAVE_MS) worker.isPassedOver = true
}
