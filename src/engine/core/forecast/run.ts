import type { Claim } from '../command.ts'
import { type RehearsedBody, rehearse } from '../decide/rehearse.ts'
import { endsAttempt } from '../ending.ts'
import type { RecordedEvent } from '../event.ts'
import type { Micros } from '../job.ts'
import { type Job, jobOf, type Ledger } from '../ledger.ts'
import { nextOpeningAt, nextTickAt } from '../timing.ts'
import { Agenda } from './agenda.ts'
import type { Outlook } from './outlook.ts'

/** What the processes can take in that are alive. */
export interface Hands {
  /** How many more jobs they can run at once; null: any number. */
  readonly free: number | null
  /** Of which kinds; null: of any. */
  readonly kinds: readonly string[] | null
}

const nobodyDead: ReadonlySet<string> = new Set()
/** It has said of no place that it serves it, so it is given what anybody serves. */
const WORKER = 'forecast'

type Item = { readonly jobId: string; readonly token: number } | 'tick'

interface Running {
  readonly token: number
  /** Its batch; its own token, if it runs by itself. */
  readonly batch: number
}

/** The queue as it may go on from here, if nobody else comes: the core decides, and each attempt completes after a time that is given. */
export class ForwardRun {
  readonly outlook: Outlook
  readonly #claim: Omit<Claim, 'max'>
  readonly #agenda = new Agenda<Item>()
  readonly #running = new Map<string, Running>()
  /** How many jobs of a batch still run. */
  readonly #members = new Map<number, number>()
  readonly #started = new Map<string, Micros>()
  #ledger: Ledger
  #now: Micros
  #free: number
  #commands = 0
  #tickAt = Number.POSITIVE_INFINITY
  /** How many jobs run at once, at most. */
  readonly slots: number
  /** Nothing is left that time brings: who has not started by now does not. */
  isOver = false

  constructor(ledger: Ledger, now: Micros, hands: Hands, batches: Claim['batches'], outlook: Outlook) {
    this.#ledger = ledger
    this.#now = now
    this.#free = hands.free ?? Number.MAX_SAFE_INTEGER
    const { maxActive } = ledger.policy
    // Jobs without models may have all hands, and use no slot.
    this.slots = Math.max(1, Math.min(this.#free + ledger.slots.size, maxActive ?? Number.MAX_SAFE_INTEGER))
    this.#claim = { kinds: hands.kinds, batches }
    this.outlook = outlook
    for (const place of ledger.active) this.#goesOn(ledger.jobs.get(place))
    this.#send({ type: 'claim' })
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  get now(): Micros {
    return this.#now
  }

  /** When the job has started; undefined: it has not yet. */
  startOf(jobId: string): Micros | undefined {
    return this.#started.get(jobId)
  }

  /** Whether somebody runs this kind. */
  runs(kind: string): boolean {
    return this.#claim.kinds?.includes(kind) !== false
  }

  /** False when nothing is left to do. */
  step(): boolean {
    const next = this.#agenda.next()
    this.isOver = next === undefined
    if (next === undefined) return false
    this.#now = Math.max(this.#now, next.at)
    if (next.item === 'tick') {
      this.#tickAt = Number.POSITIVE_INFINITY
      this.#send({ type: 'tick' })
    } else if (this.#running.get(next.item.jobId)?.token === next.item.token) {
      this.#leave(next.item.jobId)
      this.#send({ type: 'complete', ...next.item })
    }
    return true
  }

  #goesOn(job: Job | undefined): void {
    if (job === undefined) return
    const { jobId, token, batch, startedAt } = job
    this.#enter(jobId, { token, batch: batch ?? token })
    this.#agenda.add(this.#now + this.outlook.restOf(job, this.#now - startedAt), { jobId, token })
  }

  #send(body: RehearsedBody): void {
    const command = {
      id: `f${this.#commands++}`,
      hash: 0,
      workerId: WORKER,
      claim: { ...this.#claim, max: this.#free },
      body,
    }
    const { events, ledger } = rehearse(this.#ledger, [command], {
      now: this.#now,
      deadWorkers: nobodyDead,
    })
    this.#ledger = ledger
    for (const event of events) {
      if (event.type === 'started') this.#start(event)
      else if (endsAttempt(event)) this.#leave(event.jobId)
    }
    this.#setTick(events.length > 0)
  }

  #start({ jobId, seq: token, at, batch = token }: RecordedEvent & { readonly type: 'started' }): void {
    const job = jobOf(this.#ledger, jobId)
    if (!this.#members.has(batch)) this.#free--
    this.#enter(jobId, { token, batch })
    if (!this.#started.has(jobId)) this.#started.set(jobId, at)
    const lasts = job === undefined ? 0 : this.outlook.timeOf(job)
    this.#agenda.add(at + lasts, { jobId, token })
  }

  #enter(jobId: string, running: Running): void {
    this.#running.set(jobId, running)
    this.#members.set(running.batch, (this.#members.get(running.batch) ?? 0) + 1)
  }

  /** A batch has one slot until the last of it has ended. */
  #leave(jobId: string): void {
    const running = this.#running.get(jobId)
    if (running === undefined) return
    this.#running.delete(jobId)
    const left = (this.#members.get(running.batch) ?? 1) - 1
    if (left > 0) this.#members.set(running.batch, left)
    else {
      this.#members.delete(running.batch)
      this.#free++
    }
  }

  #setTick(changed: boolean): void {
    const times = [nextTickAt(this.#ledger), nextOpeningAt(this.#ledger, this.#now)]
    const at = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
    // A tick that could do nothing at this moment cannot do anything at the same moment again.
    if (at >= this.#tickAt || (at <= this.#now && !changed)) return
    this.#tickAt = at
    this.#agenda.add(at, 'tick')
  }
}
