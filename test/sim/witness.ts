import type { Lease, RecordedEvent } from '../../src/engine/core/index.ts'
import type { MemoryDatabase } from '../../src/engine/store/memory/index.ts'
import type { Lineage } from './lineage.ts'
import type { Line } from './remote-store.ts'
import type { SimJob } from './script.ts'
import type { Timeline } from './timeline.ts'

/** What a run may show that must not be. */
export type Fault =
  | 'ran_twice'
  | 'overlap'
  | 'dead_lease'
  | 'given_back'
  | 'token_reused'
  | 'came_back'
  | 'wrong_answer'
  | 'start_lost'
  | 'stuck'
  | 'stood_still'
  | 'unsettled'
  | 'audit'
  | 'too_early'
  | 'wrong_cause'
  | 'unhandled'

export interface Finding {
  readonly fault: Fault
  readonly at: number
  readonly text: string
}

/** A handler that runs, or a program that was let through. */
export interface Running {
  readonly line: Line
  readonly job: SimJob
  readonly lease: Lease
  models: readonly string[]
  /** It has been told to stop, and does so at once. */
  getsAnswers: boolean
}

type Queue = NonNullable<ReturnType<MemoryDatabase['queues']['get']>>

/** Sees every handler begin and end, and every event as it comes into the log, and says what cannot be right. */
export class Witness {
  readonly findings: Finding[] = []
  readonly #timeline: Timeline
  readonly #queue: () => Queue
  readonly #database: MemoryDatabase
  readonly #lineage: Lineage
  readonly #running = new Set<Running>()
  /** Which attempt had a token of an epoch, when its handler began. */
  readonly #begun = new Map<string, { readonly what: string; readonly line: Line; readonly jobId: string }>()
  readonly #parts = new Set<string>()
  /** How often somebody asked for a life of a job, and how many it had. */
  readonly #asked = new Map<string, number>()
  readonly #lives = new Map<string, number>()
  #seen = 0
  /** The epoch that a restore has ended. */
  #lostEpoch: number | undefined

  constructor(timeline: Timeline, database: MemoryDatabase, queue: () => Queue, lineage: Lineage) {
    this.#lineage = lineage
    this.#timeline = timeline
    this.#database = database
    this.#queue = queue
  }

  report(fault: Fault, text: string): void {
    this.findings.push({ fault, at: Math.round(this.#timeline.now), text })
  }

  /** A program asks for the job by its id: it may come into line, once. */
  asks({ id }: SimJob): void {
    this.#asked.set(id, (this.#asked.get(id) ?? 0) + 1)
  }

  /** @param part which part of the attempt begins, where it has several: steps share the token of their workflow */
  begin(line: Line, job: SimJob, lease: Lease, models: readonly string[], part = 0): Running {
    const running: Running = { line, job, lease, models, getsAnswers: false }
    if (!line.isAlive) return running
    this.#checkToken(running, part)
    this.#checkLease(running)
    this.#checkParents(running)
    for (const other of this.#running) if (this.#overlaps(running, other)) this.#tellOverlap(running, other)
    this.#running.add(running)
    return running
  }

  end(running: Running): void {
    this.#running.delete(running)
  }

  /** Everything of a process ends with it. */
  gone(line: Line): void {
    for (const running of this.#running) if (running.line === line) this.#running.delete(running)
  }

  runs(jobId: string, token: number): boolean {
    return [...this.#running].some(({ lease }) => lease.jobId === jobId && lease.fencingToken === token)
  }

  livesOf(jobId: string): number {
    return this.#lives.get(jobId) ?? 0
  }

  /** Looks at what has come into the log. */
  look(): void {
    const { log } = this.#queue()
    while (this.#seen < log.length) {
      const event = log[this.#seen++]
      if (event !== undefined) this.#see(event)
    }
  }

  /** Another log is in the place of the one that was seen so far: what was lost with that is asked for again. */
  restored(): void {
    const { log, epoch } = this.#queue()
    this.#lostEpoch = epoch
    this.#seen = log.length
    this.#lives.clear()
    for (const event of log) if (event.type === 'queued') this.#count(this.#lives, event.jobId)
  }

  #see(event: RecordedEvent): void {
    if (event.type === 'queued') {
      const lives = this.#count(this.#lives, event.jobId)
      const asked = event.due === undefined ? (this.#asked.get(event.jobId) ?? 0) : 1
      if (lives > asked)
        this.report(
          'came_back',
          `${event.jobId}: life ${lives} (event ${event.seq}), asked for ${asked} times`,
        )
    }
    const wrong = this.#lineage.wrongCauseOf(event, this.#queue().log)
    if (wrong !== undefined) this.report('wrong_cause', wrong)
    if (event.type !== 'failed' || event.code !== 'released') return
    for (const running of this.#running) {
      const { lease, line, getsAnswers } = running
      if (lease.jobId !== event.jobId || lease.fencingToken !== event.token || getsAnswers) continue
      if (this.#canRun(line))
        this.report(
          'given_back',
          `${event.jobId}: token ${event.token} was given back while ${line.name} runs it`,
        )
    }
  }

  #count(counts: Map<string, number>, id: string): number {
    const count = (counts.get(id) ?? 0) + 1
    counts.set(id, count)
    return count
  }

  #checkToken({ line, lease }: Running, part: number): void {
    const { jobId, fencingToken, epoch } = lease
    const token = `${epoch}:${fencingToken}`
    const before = this.#begun.get(token)
    // A later part of what runs here: a restore may have taken its start out of the log meanwhile.
    const isPart = part > 0 && before?.line === line && before.jobId === jobId
    const what = isPart ? before.what : `${jobId} of ${this.#startOf(lease)}`
    const isNew = !this.#parts.has(`${token}:${part}`)
    this.#begun.set(token, { what, line, jobId })
    this.#parts.add(`${token}:${part}`)
    if (before === undefined || (before.what === what && isNew)) return
    if (before.what === what)
      this.report('ran_twice', `${jobId}: begun again under token ${token} by ${line.name}`)
    else this.report('token_reused', `token ${token} was that of ${before.what} and is that of ${what}`)
  }

  /** When the attempt was started, by the log: numbers may come again, times do not. */
  #startOf({ fencingToken }: Lease): string {
    return String(this.#queue().log[fencingToken - 1]?.at ?? 'no event')
  }

  #checkLease({ line, lease }: Running): void {
    const { log, workers } = this.#queue()
    const started = log[lease.fencingToken - 1]
    // Of leases that were restored with everything else nothing follows.
    if (lease.epoch === this.#lostEpoch) return
    if (started?.type !== 'started' || started.jobId !== lease.jobId) return
    const worker = workers.get(started.workerId)
    const until = (worker?.expiresAt ?? 0) / 1_000
    const now = this.#database.now() / 1_000
    const isElsewhere = worker !== undefined && worker.serverSince !== this.#database.since
    if (worker?.dead === true || until > now || isElsewhere) return
    this.report(
      'dead_lease',
      `${lease.jobId}: ${line.name} begins under a lease that is over since ${Math.round(now - until)} ms`,
    )
  }

  #checkParents({ line, job, lease }: Running): void {
    if (lease.epoch === this.#lostEpoch) return
    const early = this.#lineage.tooEarly(job, lease.fencingToken, this.#queue().log)
    if (early !== undefined) this.report('too_early', `${job.id} begins in ${line.name}: ${early}`)
  }

  #overlaps(a: Running, b: Running): boolean {
    if (!this.#canRun(a.line) || !this.#canRun(b.line) || b.getsAnswers) return false
    return !this.#isOneBatch(a, b) && a.models.some((model) => b.models.includes(model))
  }

  /** One call of a handler runs both: together they hold their models. */
  #isOneBatch(a: Running, b: Running): boolean {
    if (a.line !== b.line || a.lease.epoch !== b.lease.epoch) return false
    const [one, other] = [this.#batchOf(a), this.#batchOf(b)]
    return one !== undefined && one === other
  }

  #batchOf({ lease }: Running): number | undefined {
    const started = this.#queue().log[lease.fencingToken - 1]
    return started?.type === 'started' && started.jobId === lease.jobId ? started.batch : undefined
  }

  #tellOverlap(a: Running, b: Running): void {
    const text = `${a.job.id} (token ${a.lease.fencingToken}, ${a.line.name}) begins while ${b.job.id} (token ${b.lease.fencingToken}, ${b.line.name}) runs`
    this.report('overlap', text)
  }

  #canRun(line: Line): boolean {
    return line.isAlive && line.blockedUntil <= this.#timeline.now
  }
}
