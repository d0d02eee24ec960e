import type { RecordedEvent } from '../../values/event.ts'
import type { Micros } from '../../values/job.ts'
import type { ComparedRange, StartRange } from './conformal.ts'

/** Of so many moments what was said is kept. */
const MOST_MOMENTS = 40

/** What was said of jobs that waited at one moment. */
interface Foretold {
  readonly at: Micros
  readonly version: number
  /** By job: the range, and when it started. */
  readonly jobs: Map<string, StartRange & { startedAt: Micros | null }>
}

/** Remembers when jobs were said to start, and compares it with when they did. */
export class Hindsight {
  #said: readonly Foretold[] = []

  /** The version of the queue at which something was said last. */
  get lastVersion(): number {
    return this.#said.at(-1)?.version ?? Number.NEGATIVE_INFINITY
  }

  note(at: Micros, version: number, ranges: ReadonlyMap<string, StartRange>): void {
    const jobs = new Map([...ranges].map(([jobId, range]) => [jobId, { ...range, startedAt: null }]))
    this.#said = [...this.#said.slice(1 - MOST_MOMENTS), { at, version, jobs }]
  }

  push(event: RecordedEvent): void {
    if (event.type === 'started') this.#start(event.jobId, event.at)
    else if (event.type === 'cancelled' || event.type === 'expired') this.#start(event.jobId, null)
    else if (isAct(event.type)) this.#forgetOpen()
  }

  /**
   * Those whose range is over by now. That of others is still to come: to go by those that have started already would make every start seem
   * early. Who should have started and has not has waited at least until now.
   */
  at(now: Micros): readonly ComparedRange[] {
    const compared: ComparedRange[] = []
    for (const { at, jobs } of this.#said)
      for (const { startedAt, ...range } of jobs.values())
        if (at + range.to <= now) compared.push({ ...range, waited: (startedAt ?? now) - at })
    return compared
  }

  #start(jobId: string, at: Micros | null): void {
    for (const { jobs } of this.#said) {
      const range = jobs.get(jobId)
      if (range === undefined || range.startedAt !== null) continue
      if (at === null) jobs.delete(jobId)
      else range.startedAt = at
    }
  }

  /** What somebody does to the queue nobody could foresee. */
  #forgetOpen(): void {
    for (const { jobs } of this.#said)
      for (const [jobId, { startedAt }] of jobs) if (startedAt === null) jobs.delete(jobId)
  }
}

const isAct = (type: RecordedEvent['type']): boolean =>
  type === 'policy_changed' || type === 'model_paused' || type === 'drain_requested'
