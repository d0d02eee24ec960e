import type { Lease, Policy, RecordedEvent } from '../../../src/engine/core/index.ts'
import type { MemoryDatabase } from '../../../src/engine/store/memory/index.ts'
import type { Lineage } from './lineage.ts'
import type { Line } from './remote-store.ts'
import type { SimJob } from './script.ts'
import type { Timeline } from './timeline.ts'
import { clashOf, type Had, misplaced } from './together.ts'

/** What a run may show that must not be. */
export type Fault =
  | 'ran_twice'
  | 'overlap'
  | 'dead_lease'
  | 'given_back'
  | 'wrong_place'
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

type PolicyChanged = RecordedEvent & { readonly type: 'policy_changed' }
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
  /** The epoch that a restore has ended, and the policies of its log: the log in its place may not have them all. */
  #lostEpoch: number | undefined
  #lostPolicies: readonly PolicyChanged[] = []
  #policies: PolicyChanged[] = []
  /** Which batch a start belongs to, by job and token: also of starts that a fail-over took out of the log. */
  readonly #batches = new Map<string, number>()

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
    this.#checkPlaces(running)
    this.#checkOverlap(running)
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
    this.#lostPolicies = this.#policies
    this.#policies = log.filter((event) => event.type === 'policy_changed')
    for (const event of log) if (event.type === 'queued') this.#count(this.#lives, event.jobId)
  }

  #see(event: RecordedEvent): void {
    if (event.type === 'policy_changed') this.#policies.push(event)
    if (event.type === 'started' && event.batch !== undefined)
      this.#batches.set(`${event.jobId}:${event.seq}`, event.batch)
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

  /** It was told of the places that the log gives it, and of no others. */
  #checkPlaces(running: Running): void {
    const { line, job, lease } = running
    if (lease.epoch === this.#lostEpoch) return
    const started = this.#queue().log[lease.fencingToken - 1]
    if (started?.type !== 'started' || started.jobId !== lease.jobId) return
    const [told, given] = [lease.places ?? {}, started.places ?? {}].map((places) =>
      JSON.stringify(Object.entries(places).toSorted()),
    )
    if (told !== given)
      this.report('wrong_place', `${job.id} begins in ${line.name} at ${told}, and was started at ${given}`)
    const model = misplaced(this.#hadBy(running))
    if (model !== undefined)
      this.report('wrong_place', `${job.id} begins in ${line.name} at ${told}: ${model}`)
  }

  /** A worker is given only places that it serves. */
  serves({ name }: Line, { jobId, places = {} }: Lease, served: readonly string[] | undefined): void {
    if (served === undefined) return
    const fits = (place: string) =>
      served.some((each) => (each.endsWith('*') ? place.startsWith(each.slice(0, -1)) : place === each))
    for (const place of Object.values(places))
      if (!fits(place))
        this.report('wrong_place', `${jobId} begins in ${name}, which does not serve ${place}`)
  }

  /** Handlers that can run have together what they may; one that was told to stop has stopped. */
  #checkOverlap(running: Running): void {
    if (!this.#canRun(running.line)) return
    const others = [...this.#running].filter(({ line, getsAnswers }) => this.#canRun(line) && !getsAnswers)
    const [one, ...had] = [running, ...others].map((each) => this.#hadBy(each))
    const policy = this.#policyAt([running, ...others])
    const clash = one === undefined ? undefined : clashOf(one, had, policy)
    if (clash !== undefined) this.#tellOverlap(running, others, clash)
  }

  #hadBy(running: Running): Had {
    const { line, job, lease, models } = running
    const policy = this.#policyAt([running])
    const { fencingToken, jobId, epoch, places = {} } = lease
    const first = this.#batches.get(`${jobId}:${fencingToken}`)
    const batch = `${line.name} ${epoch} ${first ?? `alone ${fencingToken}`}`
    return { job, models, places, batch, policy }
  }

  /** The policy when the last of them was started. A start that was lost was none in the log of now: it counts as made before all that is in it. */
  #policyAt(all: readonly Running[]): Policy | undefined {
    const kept = all.filter(({ lease }) => lease.epoch !== this.#lostEpoch)
    const [policies, starts] = kept.length === 0 ? [this.#lostPolicies, all] : [this.#policies, kept]
    const last = Math.max(...starts.map(({ lease }) => lease.fencingToken))
    return policies.findLast(({ seq }) => seq <= last)?.policy
  }

  #tellOverlap(one: Running, others: readonly Running[], clash: string): void {
    const text = ({ job, lease, line }: Running) => `${job.id} (token ${lease.fencingToken}, ${line.name})`
    const beside = others.length === 1 ? `${others.map(text)} runs` : `${others.map(text).join(', ')} run`
    this.report('overlap', `${text(one)} begins while ${beside}: ${clash}`)
  }

  #canRun(line: Line): boolean {
    return line.isAlive && line.blockedUntil <= this.#timeline.now
  }
}
