import { type RehearsedBody, rehearse } from '../../decide/rehearse.ts'
import { nextOpeningAt, nextTickAt } from '../../fold/timing.ts'
import { withStart } from '../../line/warmth/loaded.ts'
import type { Job } from '../../state/job.ts'
import { jobOf, type Ledger } from '../../state/ledger.ts'
import type { Keepers } from '../../state/serving.ts'
import { endsAttempt } from '../../values/ending.ts'
import type { RecordedEvent } from '../../values/event.ts'
import type { Micros } from '../../values/job.ts'
import { Agenda } from './agenda.ts'
import type { Hand } from './hands.ts'
import { loadTimeOf } from './load-time.ts'
import type { Outlook } from './outlook.ts'
import type { RunTimes } from './run-times.ts'

const nobodyDead: ReadonlySet<string> = new Set()
/** Nobody is alive who could take anything, but somebody waits at the gate. */
const NOBODY = 'forecast'

type Item = { readonly jobId: string; readonly token: number } | 'tick'

interface Running {
  readonly token: number
  /** Its batch; its own token, if it runs by itself. */
  readonly batch: number
  readonly worker: string
}

/** The queue as it may go on from here, if nobody else comes: the core decides, and each attempt completes after a time that is given. */
export class ForwardRun {
  readonly outlook: Outlook
  readonly #times: RunTimes
  readonly #hands: readonly Hand[]
  /** How many more jobs each process can run at once. */
  readonly #free: Map<string, number>
  readonly #agenda = new Agenda<Item>()
  readonly #running = new Map<string, Running>()
  /** How many jobs of a batch still run. */
  readonly #members = new Map<number, number>()
  readonly #started = new Map<string, Micros>()
  #loaded: Micros = 0
  #ledger: Ledger
  #now: Micros
  #commands = 0
  #tickAt = Number.POSITIVE_INFINITY
  /** How many jobs run at once, at most. */
  readonly slots: number
  /** Nothing is left that time brings: who has not started by now does not. */
  isOver = false

  constructor(ledger: Ledger, now: Micros, hands: readonly Hand[], times: RunTimes, outlook: Outlook) {
    this.#ledger = ledger
    this.#now = now
    this.#hands = hands
    this.#times = times
    this.#free = new Map(hands.map(({ worker, slots }) => [worker, slots]))
    const { maxActive } = ledger.policy
    const slots = hands.reduce((sum, hand) => sum + hand.slots, 0)
    this.slots = Math.max(1, Math.min(slots, maxActive ?? slots))
    this.outlook = outlook
    for (const position of ledger.active) this.#goesOn(ledger.jobs.get(position))
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

  /** How long a start in it loads on average. */
  get loading(): Micros {
    return this.#loaded / Math.max(1, this.#started.size)
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
      return true
    }
    const running = this.#running.get(next.item.jobId)
    if (running?.token !== next.item.token) return true
    this.#leave(next.item.jobId)
    this.#send({ type: 'complete', ...next.item }, running.worker)
    return true
  }

  #goesOn(job: Job | undefined): void {
    if (job === undefined) return
    const { jobId, token, batch, startedAt } = job
    const hand = this.#hands.find(({ of }) => job.workerId !== null && of.includes(job.workerId))
    this.#enter(jobId, { token, batch: batch ?? token, worker: hand?.worker ?? NOBODY })
    const gone = this.#now - startedAt
    const loading = this.#times.loadingOf(jobId)
    const rest = Math.max(0, loading - gone) + this.outlook.restOf(job, Math.max(0, gone - loading))
    this.#agenda.add(this.#now + rest, { jobId, token })
  }

  /** Who sends it claims what it has room for; then the others do, if something may start. */
  #send(body: RehearsedBody, by?: string): void {
    const [first, ...others] = by === undefined ? this.#hands : this.#handsFrom(by)
    this.#sendBy(first, body)
    // By time alone a job may start of which nobody has heard.
    const mayStart = () => this.#ledger.offered.size > 0 || body.type === 'tick'
    for (const other of others)
      if ((this.#free.get(other.worker) ?? 0) > 0 && mayStart()) this.#sendBy(other, { type: 'claim' })
  }

  #handsFrom(worker: string): readonly Hand[] {
    const own = this.#hands.find((hand) => hand.worker === worker)
    return own === undefined ? this.#hands : [own, ...this.#hands.filter((hand) => hand !== own)]
  }

  #sendBy(hand: Hand | undefined, body: RehearsedBody): void {
    const { keepers } = this.#ledger
    const workerId = hand?.worker ?? NOBODY
    const max = this.#free.get(workerId) ?? 0
    const { batches } = this.#times
    const command = { id: `f${this.#commands++}`, hash: 0, workerId, body }
    const claim = hand && { max, kinds: hand.kinds, batches }
    const { events, ledger } = rehearse(this.#ledger, [claim ? { ...command, claim } : command], {
      now: this.#now,
      deadWorkers: nobodyDead,
    })
    this.#ledger = ledger
    this.#take(events, keepers)
    this.#setTick(events.length > 0)
  }

  #take(events: readonly RecordedEvent[], before: Keepers): void {
    let keepers = before
    for (const event of events) {
      if (event.type === 'started') {
        this.#start(event, loadTimeOf(keepers, this.#ledger.policy, event))
        keepers = withStart(keepers, this.#ledger.policy, event)
      } else if (endsAttempt(event)) this.#leave(event.jobId)
    }
  }

  #start(event: RecordedEvent & { readonly type: 'started' }, loading: Micros): void {
    const { jobId, seq: token, at, workerId: worker, batch = token } = event
    const job = jobOf(this.#ledger, jobId)
    this.#enter(jobId, { token, batch, worker })
    if (!this.#started.has(jobId)) this.#started.set(jobId, at)
    const lasts = job === undefined ? 0 : this.outlook.timeOf(job)
    this.#loaded += loading
    this.#agenda.add(at + loading + lasts, { jobId, token })
  }

  #enter(jobId: string, running: Running): void {
    const { batch, worker } = running
    this.#running.set(jobId, running)
    const members = this.#members.get(batch) ?? 0
    this.#members.set(batch, members + 1)
    if (members === 0) this.#use(worker, 1)
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
      this.#use(running.worker, -1)
    }
  }

  #use(worker: string, count: number): void {
    const free = this.#free.get(worker)
    if (free !== undefined) this.#free.set(worker, free - count)
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
