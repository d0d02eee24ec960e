import type { Ledger, RecordedEvent } from '../../engine/core/index.ts'
import { Ahead } from './ahead.ts'
import { AuditedIntake } from './intake.ts'
import type { AuditedJob } from './job.ts'
import { firstPolicy } from './limits.ts'
import { AuditedLines } from './lines.ts'
import { AuditedParents } from './parents.ts'
import { AuditedSchedules } from './schedules.ts'
import type { AuditReport, AuditRule, Violation } from './violation.ts'

/** A job passed by one that needed the same slot, or the same places. Forgiven if the same append offers or starts it. */
interface Passed {
  readonly job: AuditedJob
  readonly by: string
  readonly seq: number
  /** `order`: it could have had the same places; `line_order`: the slot. */
  readonly rule: 'order' | 'line_order'
}

/** A job that came with a key. */
interface Keyed {
  readonly jobId: string
  /** Whether it has the key now. */
  readonly has: () => boolean
  /** Whether it may have it again. */
  readonly isLive: () => boolean
}

/** What the audit remembers while it reads. */
export class AuditState {
  readonly lines = new AuditedLines(firstPolicy)
  readonly ahead = new Ahead(this.lines)
  readonly jobs = new Map<string, AuditedJob>()
  /** Jobs whose attempt ended and should be followed by another, whose `requeued` has not come yet. */
  readonly between = new Set<AuditedJob>()
  /** Numbers of events that nobody could read. */
  readonly unread = new Set<number>()
  /** The command of the last batch, and that batch. */
  batch: { readonly id: number; readonly commandId: string } | undefined
  /** Ids of jobs that have ended at least once. */
  readonly ended = new Set<string>()
  /** Until when ids of jobs that were enqueued `once` are taken. */
  readonly taken = new Map<string, number>()
  /** Jobs that came with a key, by it, in order: with when they have it. */
  readonly #keyed = new Map<string, Keyed[]>()
  readonly schedules = new AuditedSchedules()
  readonly intake = new AuditedIntake()
  readonly parents = new AuditedParents()
  /** What ended before its first event is not known. */
  isCut = false
  readonly passed: Passed[] = []
  readonly counts = {
    events: 0,
    jobs: 0,
    brought: 0,
    attempts: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    overruns: 0,
  }
  active = 0
  maxConcurrent = 0
  draining = false
  readonly #violations: Violation[] = []
  #seq = 0
  #at = 0
  #epoch = 1
  #commandId = ''
  /** The time of its first event: a command is decided at one time. */
  #commandAt = 0

  /** The first event of the log continues this ledger. */
  beginAt({ version, lastAt, epoch, draining, active, jobs }: Ledger): void {
    this.isCut = true
    this.counts.brought = jobs.size
    this.#seq = version
    this.#at = lastAt
    this.#epoch = epoch
    this.draining = draining
    this.active = active.size
  }

  /** Takes number and time of the next event. First reports what the previous command left undone. */
  begin(event: RecordedEvent): void {
    if (event.commandId !== this.#commandId) {
      this.#closeCommand()
      this.lines.offers.noteLapses(this.lines.policy, event.at)
      this.#commandAt = event.at
    }
    this.#commandId = event.commandId
    const expected = this.#seq + 1
    const before = this.#at
    this.#seq = event.seq
    this.#at = event.at
    this.counts.events++
    this.intake.begin(event.at)
    if (event.seq !== expected) this.report('sequence', null, `number ${expected} should come here`)
    if (event.at <= before)
      this.report('time', null, `its time is ${before - event.at} µs before the last event`)
  }

  report(rule: AuditRule, jobId: string | null, detail: string, model?: string, seq = this.#seq): void {
    this.#violations.push({ seq, rule, jobId, ...(model === undefined ? {} : { model }), detail })
  }

  /** The job has come with its key. */
  noteKey(job: AuditedJob): void {
    const { dedupe, jobId } = job.spec
    if (dedupe === undefined) return
    const { key, while: lasts, debounce } = dedupe
    if (typeof lasts === 'number') return this.noteKeyUntil(key, jobId, job.queuedAt + lasts * 1_000)
    const isLive = () => this.jobs.get(jobId) === job
    const isWaiting = () => isLive() && job.state === 'waiting'
    this.#keep(key, { jobId, has: lasts === 'live' && debounce === undefined ? isLive : isWaiting, isLive })
  }

  /** The job has its key until that time. */
  noteKeyUntil(key: string, jobId: string, until: number): void {
    const has = () => until > this.#commandAt
    this.#keep(key, { jobId, has, isLive: has })
  }

  /** The jobs that had this key when the command of the present event came, and those that came with the command. */
  holdersOf(key: string): readonly string[] {
    return (this.#keyed.get(key) ?? []).filter(({ has }) => has()).map(({ jobId }) => jobId)
  }

  #keep(key: string, keyed: Keyed): void {
    const before = this.#keyed.get(key) ?? []
    this.#keyed.set(key, [...before.filter(({ isLive }) => isLive()), keyed])
  }

  /** The live job with this id, if it is in that state; otherwise reports that the event cannot have happened. */
  expect(jobId: string, state: AuditedJob['state']): AuditedJob | undefined {
    const job = this.jobs.get(jobId)
    if (job?.state === state) return job
    this.report('life', jobId, `it is not ${state}: ${job === undefined ? 'not live' : job.state}`)
    return undefined
  }

  /** What these lacked went to the job that starts, so the offers that this append had made to them ended. */
  excuse(lacks: (job: AuditedJob) => boolean): void {
    if (this.passed.length === 0) return
    const open = this.passed.splice(0).filter(({ job }) => !lacks(job))
    this.passed.push(...open)
  }

  govern(type: 'drain_requested' | 'drained' | 'resumed'): void {
    if (this.draining !== (type !== 'drain_requested')) {
      this.report('draining', null, `${type} while the queue is ${this.draining ? 'draining' : 'open'}`)
    }
    if (type === 'drained' && this.active > 0) {
      this.report('draining', null, `drained is recorded while ${this.active} jobs are active`)
    }
    this.draining = type !== 'resumed'
    if (type === 'drain_requested') this.lines.offers.end(() => true)
  }

  changeEpoch(epoch: number): void {
    if (epoch <= this.#epoch) this.report('token', null, `epoch ${epoch} comes after epoch ${this.#epoch}`)
    this.#epoch = epoch
    this.intake.restore()
  }

  finish(): AuditReport {
    this.#closeCommand()
    return {
      violations: this.#violations.toSorted((a, b) => a.seq - b.seq),
      ...this.counts,
      live: this.jobs.size,
      maxConcurrent: this.maxConcurrent,
    }
  }

  #closeCommand(): void {
    for (const job of this.between) {
      if (this.jobs.get(job.jobId) !== job) continue
      this.report('attempt', job.jobId, 'its attempt ended, another was to follow, and it was not requeued')
    }
    this.between.clear()
    for (const { job, by, seq, rule } of this.passed.splice(0)) {
      if (
        job.state !== 'waiting' ||
        this.jobs.get(job.jobId) !== job ||
        this.ahead.hasItsShare(job) ||
        this.lines.offers.excuse(job, this.lines.policy)
      )
        continue
      const could = rule === 'order' ? ', and could have taken the same places' : ' and could have started'
      this.report(rule, by, `job ${job.jobId} is ahead${could}`, undefined, seq)
    }
  }
}
