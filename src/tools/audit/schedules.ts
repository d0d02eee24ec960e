import type { Ledger, RecordedEvent } from '../../engine/core/index.ts'
import type { AuditedJob } from './job.ts'

type Of<Type extends RecordedEvent['type']> = RecordedEvent & { readonly type: Type }

type TimetableEvent = Of<
  'schedule_set' | 'schedule_removed' | 'schedule_paused' | 'schedule_resumed' | 'schedule_skipped'
>

/** What the audit knows of a schedule. */
interface AuditedSchedule {
  owner: string
  /** The due time that the last event about it has named as the next. */
  next: number | null
  /** The greatest that was fired or skipped since it was declared. */
  settled: number
  paused: boolean
  overlap: string
  /** Its jobs; some may have ended. */
  readonly jobs: Set<string>
}

type Report = (detail: string) => void

const timeOf = (at: number | null): string => (at === null ? 'never' : new Date(at / 1_000).toISOString())

/** The schedules of a log: which due time may come, and what came. */
export class AuditedSchedules {
  readonly #all = new Map<string, AuditedSchedule>()
  /** The greatest due time that each of them had, also of those that were removed. */
  readonly #had = new Map<string, number>()
  readonly #revisions = new Map<string, number>()

  /** The log begins there. */
  beginAt({ schedules, owners, jobs }: Ledger): void {
    for (const { schedule, owner, next, last, since, paused, rule } of schedules) {
      this.#had.set(schedule, Math.max(last ?? 0, since))
      this.#all.set(schedule, {
        owner,
        next,
        paused,
        overlap: rule.overlap,
        settled: last ?? 0,
        jobs: new Set(),
      })
    }
    for (const { owner, revision } of owners) this.#revisions.set(owner, revision)
    for (const { jobId, spec } of jobs) this.#all.get(spec.schedule ?? '')?.jobs.add(jobId)
  }

  see(event: TimetableEvent, report: Report): void {
    const known = this.#all.get(event.schedule)
    if (event.type === 'schedule_set') return this.#set(event, known, report)
    if (known === undefined) return report(`${event.type}: there is no schedule ${event.schedule}`)
    switch (event.type) {
      case 'schedule_removed':
        this.#revise(known.owner, event.revision, report)
        this.#all.delete(event.schedule)
        return
      case 'schedule_paused':
        if (known.paused) report(`${event.schedule} was paused already`)
        known.paused = true
        return
      case 'schedule_resumed':
        if (!known.paused) report(`${event.schedule} was not paused`)
        known.paused = false
        return this.#name(event.schedule, known, event.next, report)
      case 'schedule_skipped':
        return this.#settle(event.schedule, known, event, report)
      default:
        event satisfies never
    }
  }

  /** A job comes into the queue: perhaps one of a schedule. */
  fire(event: Of<'queued'>, live: (jobId: string) => AuditedJob | undefined, report: Report): void {
    const { due, jobId, at, next = null, nth } = event
    const { schedule = '' } = event.spec
    const known = this.#all.get(schedule)
    if (due !== undefined) {
      if (known === undefined) return report(`it was fired, and there is no schedule ${schedule}`)
      const id = `${schedule}@${timeOf(due)}`
      if (jobId !== (nth === undefined ? id : `${id}~${nth}`)) report(`its due time is ${timeOf(due)}`)
      if (due > at) report('it was fired before its due time')
      if (hasLiveJob(known, live)) report(`it was fired while another job of ${schedule} was live`)
      if (due <= (this.#had.get(schedule) ?? 0)) report(`${schedule} had its due time ${timeOf(due)} before`)
      this.#settle(schedule, known, { due, next }, report)
    }
    known?.jobs.add(jobId)
  }

  #set(event: Of<'schedule_set'>, known: AuditedSchedule | undefined, report: Report): void {
    const { schedule, owner, next, overlap } = event
    if (known !== undefined && known.owner !== owner) report(`${schedule} was declared by ${known.owner}`)
    this.#revise(owner, event.revision, report)
    const own = known ?? { owner, next, settled: 0, paused: false, overlap, jobs: new Set() }
    this.#all.set(schedule, own)
    own.overlap = overlap
    this.#name(schedule, own, next, report)
  }

  #revise(owner: string, revision: number | undefined, report: Report): void {
    if (revision === undefined) return
    const before = this.#revisions.get(owner) ?? 0
    if (revision < before) report(`${owner} had declared revision ${before} before revision ${revision}`)
    this.#revisions.set(owner, revision)
  }

  #settle(
    schedule: string,
    known: AuditedSchedule,
    { due, next }: { readonly due: number; readonly next: number | null },
    report: Report,
  ): void {
    if (known.paused) report(`${schedule} is paused`)
    if (due !== known.next && due > known.settled)
      report(`${schedule} was due at ${timeOf(known.next)}, not ${timeOf(due)}`)
    known.settled = Math.max(known.settled, due)
    this.#had.set(schedule, Math.max(this.#had.get(schedule) ?? 0, due))
    this.#name(schedule, known, next, report)
  }

  #name(schedule: string, known: AuditedSchedule, next: number | null, report: Report): void {
    if (next !== null && next <= known.settled)
      report(`${schedule} has had ${timeOf(known.settled)}, and ${timeOf(next)} is named as the next`)
    known.next = next
  }
}

/** `skip`: one is live. `queueOne`: one waits, or is about to be tried again. */
function hasLiveJob({ overlap, jobs }: AuditedSchedule, live: (jobId: string) => AuditedJob | undefined) {
  for (const jobId of overlap === 'allow' ? [] : jobs) {
    const job = live(jobId)
    if (job === undefined) jobs.delete(jobId)
    else if (overlap === 'skip' || job.state !== 'active') return true
  }
  return false
}
