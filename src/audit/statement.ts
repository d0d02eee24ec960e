import { type Ledger, MICROS_PER_MS, type Micros, type RecordedEvent } from '../core/index.ts'
import { isoTime } from '../format/index.ts'
import { Auditor } from './auditor.ts'
import { LogDigest } from './digest.ts'
import { promises } from './promises.ts'
import { type ModelUse, type Overlap, Uses } from './use.ts'
import { type AuditReport, auditRules, type Violation } from './violation.ts'

/** An overlap as programs read it: times as ISO texts. */
const overlapDocument = ({ from, to, ...overlap }: Overlap) => ({
  ...overlap,
  from: isoTime(from),
  to: isoTime(to),
  ms: (to - from) / MICROS_PER_MS,
})

const useDocument = ({ overlaps, ...use }: ModelUse) => ({ ...use, overlaps: overlaps.map(overlapDocument) })

/** Everything that the audit of a log says, for programs and for the report. */
export interface Statement extends AuditReport {
  readonly queue: string
  readonly store: string
  readonly release: string
  /** The first event that was read; above 1 where those before it are gone, and what they led to was taken from a snapshot. */
  readonly fromSeq: number
  /** When the audit was made, by the clock of the database; null times for a log without an event. */
  readonly auditedAt: string
  readonly firstAt: string | null
  readonly lastAt: string | null
  /** SHA-256 of the log as it was read. */
  readonly digest: string
  readonly promises: readonly {
    readonly rule: string
    readonly promise: string
    readonly violations: number
  }[]
  readonly overlaps: readonly ReturnType<typeof overlapDocument>[]
  readonly models: readonly ReturnType<typeof useDocument>[]
}

/** Reads a log once for everything that is stated about it. */
export class Audit {
  readonly #from: Ledger
  readonly #auditor: Auditor
  readonly #uses = new Uses()
  readonly #digest = new LogDigest()
  readonly #noted: Violation[] = []
  #first: Micros | null = null
  #last: Micros | null = null

  /** @param from where the log begins: the empty ledger, or the snapshot of the cut below which events are gone */
  constructor(from: Ledger) {
    this.#from = from
    this.#auditor = new Auditor(from)
    if (from.version > 0) this.#uses.beginAt(from)
  }

  push(event: RecordedEvent): void {
    this.#auditor.push(event)
    this.#uses.push(event)
    this.#digest.push(event)
    this.#first ??= event.at
    this.#last = event.at
  }

  /** What the log alone does not show. */
  note(violation: Violation): void {
    this.#noted.push(violation)
  }

  statement(of: { queue: string; store: string; release: string; now: Micros }): Statement {
    const found = this.#auditor.report()
    const report = { ...found, violations: [...this.#noted, ...found.violations] }
    const models = this.#uses.report().map(useDocument)
    const { queue, store, release, now } = of
    return {
      ...{ queue, store, release, auditedAt: isoTime(now), fromSeq: this.#from.version + 1 },
      firstAt: this.#first === null ? null : isoTime(this.#first),
      lastAt: this.#last === null ? null : isoTime(this.#last),
      digest: this.#digest.finish(),
      ...report,
      promises: auditRules.map((rule) => ({
        rule,
        promise: promises[rule],
        violations: report.violations.filter((violation) => violation.rule === rule).length,
      })),
      overlaps: models.flatMap(({ overlaps }) => overlaps),
      models,
    }
  }
}
