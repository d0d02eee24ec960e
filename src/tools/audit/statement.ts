import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import { type Ledger, MICROS_PER_MS, type Micros, type RecordedEvent } from '../../engine/core/index.ts'
import {
  checkCall,
  checkLedger,
  checkStatementOf,
  encodeEvent,
  readingEvent,
  sha256,
  toHex,
  utf8,
} from '../../engine/events/index.ts'
import { isoTime } from '../format/index.ts'
import { type Opened, opened } from '../history/access.ts'
import { noteCut } from '../history/fold.ts'
import { type Access, type BadEvent, firstLedger, ledgerAt } from '../history/index.ts'
import { checkKept, unlessGone } from '../history/kept-events.ts'
import { checkOrder } from '../history/log-point.ts'
import { eachEvent } from '../history/read-events.ts'
import { Auditor } from './auditor.ts'
import { inOrder } from './in-order.ts'
import { type AuditOptions, beforeAudit, lastAudited } from './stretch.ts'
import { type ModelUse, ModelUses, type Overlap } from './use.ts'
import { type AuditReport, type AuditRule, auditRules, type Violation } from './violation.ts'

/** An overlap as programs read it: times as ISO texts. */
const overlapDocument = ({ from, to, ...overlap }: Overlap) => ({
  ...overlap,
  from: isoTime(from),
  to: isoTime(to),
  ms: (to - from) / MICROS_PER_MS,
})

const useDocument = ({ overlaps, ...use }: ModelUse) => ({ ...use, overlaps: overlaps.map(overlapDocument) })

/** Everything that an audit says, for programs and for the report. */
export interface Statement extends AuditReport {
  /** Which queue. */
  readonly queue: string
  /** Where it is kept, without credentials. */
  readonly store: string
  /** The release of Interlock that made the audit. */
  readonly release: string
  /** The first event that was read. Above 1: those before it were not read, and the state that they led to was taken as true. */
  readonly fromSeq: number
  /** The last event that was read; one below `fromSeq` if none was. */
  readonly toSeq: number
  /** When the audit was made, by the database's clock. */
  readonly auditedAt: string
  /** When the first event that was read happened; null: none was read. */
  readonly firstAt: string | null
  /** When the last one happened; null: none was read. */
  readonly lastAt: string | null
  /** SHA-256 of the log as it was read. */
  readonly digest: string
  /** `{ rule, promise, violations }`: what was checked, in words, and how often it was broken. */
  readonly promises: readonly AuditedPromise[]
  /** `{ model, places, fromSeq, from, toSeq, to, ms, holders }`: time in which a model had more holders than places. */
  readonly overlaps: readonly ReturnType<typeof overlapDocument>[]
  /** How each model was used. */
  readonly models: readonly ReturnType<typeof useDocument>[]
}

interface AuditedPromise {
  readonly rule: string
  readonly promise: string
  readonly violations: number
}

/** Reads a log once and gathers everything that is stated about it. */
export class Audit {
  readonly #from: Ledger
  readonly #auditor: Auditor
  readonly #uses = new ModelUses()
  readonly #digest = new LogDigest()
  readonly #noted: Violation[] = []
  #first: Micros | null = null
  #last: Micros | null = null
  #toSeq: number

  /** @param from where the audit begins: the empty ledger, or the state after the events that are not read, which is taken as true */
  constructor(from: Ledger) {
    checkLedger(from, 'from')
    this.#from = from
    this.#toSeq = from.version
    this.#auditor = new Auditor(from)
    if (from.version > 0) this.#uses.beginAt(from)
  }

  /** @throws InterlockError `invalid_input` for what is no event of a log */
  push(event: RecordedEvent): void {
    readingEvent(event, 'event', (read) => {
      this.#auditor.push(read)
      this.#uses.push(read)
      this.#digest.push(read)
    })
    this.#first ??= event.at
    this.#last = event.at
    this.#toSeq = event.seq
  }

  /** Adds a violation that the events alone do not show. */
  note(violation: Violation): void {
    this.#noted.push(violation)
  }

  /**
   * What the log proves.
   * @param of whose log it is, and when it was read
   * @throws InterlockError `invalid_input`, naming the path
   */
  statement(of: { queue: string; store: string; release: string; now: Micros }): Statement {
    checkStatementOf(of)
    const found = this.#auditor.report()
    const report = { ...found, violations: [...this.#noted, ...found.violations] }
    const models = this.#uses.report().map(useDocument)
    const { queue, store, release, now } = of
    return {
      queue,
      store,
      release,
      auditedAt: isoTime(now),
      fromSeq: this.#from.version + 1,
      toSeq: this.#toSeq,
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

/** What each rule promises, in the words of a report. */
const promises: Readonly<Record<AuditRule, string>> = {
  sequence: 'The numbers of the log are 1, 2, 3 … without a gap.',
  time: 'Every event comes after the one before it.',
  capacity: 'No model ever had more holders than its capacity.',
  place: 'No place ever had two jobs, or two batches, whatever models it was used for.',
  max_active: 'There were never more active jobs than the policy allowed.',
  alone: 'A job that has to run alone ran alone.',
  batch:
    'Every job that started in a batch needed just what that held, where that held it, and was there from its beginning.',
  order: 'No job was overtaken on a model that was kept for it.',
  line_order: 'Every slot went to the first job in line that could use it.',
  passed:
    'No job was passed for the sake of loaded models more often, or for longer, than the policy allowed.',
  turn: 'Where fair keys were weighed, no job started in its turn while one of a key that had used less could have.',
  attempt: 'No job had two live attempts, or more attempts than it may have.',
  token: 'Every event about an attempt showed the fencing token of that attempt.',
  life: 'Every event fits the life of its job and the state of the queue.',
  revival: 'A job that had ended came back only when somebody asked for it again.',
  once: 'No job that was enqueued once came a second time before its time was over.',
  intake: 'No submission was taken in twice, and no row of jobs twice in one append.',
  dedupe: 'No job came in while another one had its key, and only jobs that had a key stood for others.',
  declared: 'No new job came in that needed a model which the policy of its time did not declare.',
  schedule: 'Every schedule fired the due time that was next, once, and no other.',
  not_due: 'No job started before it was due.',
  parents: 'No job started, or failed with another, before the jobs that it comes after had ended that way.',
  paused: 'No job started that needed a paused model.',
  rate: 'In no window did more jobs start on a model than its rate allowed.',
  use: 'No job started when there was less left of a resource that it uses than it asked for.',
  fair_share: 'No fair key had more jobs waiting or active than its share allowed.',
  draining: 'No job started while the queue was draining.',
}

/**
 * SHA-256 over a log: anyone who has the log can compute it again, and one changed byte changes it. It is made over the rows
 * as the codec writes them, one JSON array of values a line, so it depends on no store and no order of keys.
 */
class LogDigest {
  readonly #hash = sha256()

  push(event: RecordedEvent): void {
    const { seq, at, event_type, job_id, job_type, models, worker_id, data, command_id, command_hash } =
      encodeEvent(event)
    const row = [
      seq,
      at,
      event_type,
      job_id,
      job_type,
      models,
      worker_id,
      inOrder(data),
      command_id,
      command_hash,
    ]
    this.#hash.update(utf8(`${JSON.stringify(row.map((value) => value ?? null))}\n`))
  }

  /** The digest in hexadecimal, of everything pushed so far. Nothing can be pushed after it. */
  finish(): string {
    return toHex(this.#hash.digest())
  }
}

/**
 * Reads the log once and states what it proves: every broken promise, every time in which a model had more holders than
 * places, and a digest of the log. A log that broke a promise is a result, not a failure.
 * @param options which part of the log; all of it unless given
 * @throws InterlockError `invalid_input`; `archived`; `corrupt_log`, `unknown_event` for a log that cannot be read, or not be folded up to `since`;
 * `store_unavailable`
 * @example const { violations, overlaps } = await auditLog({ store })
 */
export async function auditLog(given: Access, options: AuditOptions = {}): Promise<Statement> {
  const access = opened(given)
  checkCall('auditLog', options)
  const { since, until } = options
  checkOrder(since, until)
  const { store, queue } = access
  const upTo = await lastAudited(access, until)
  const from =
    since === undefined ? await firstLedger(access) : await ledgerAt(access, await beforeAudit(access, since))
  const audit = new Audit(from)
  const bad = since === undefined ? await checkCut(access, audit, from) : null
  const see = (event: RecordedEvent) => audit.push(event)
  await unlessGone<unknown>(bad, eachEvent(access, 'audited', see, { after: from.version, upTo }), null)
  const { now } = await store.rows(queue, 0, 1)
  return audit.statement({ queue, store: store.name, release: PACKAGE_VERSION, now })
}

/** Of an audit of the whole log: says that its first events are gone, and looks whether those that were kept are there. */
async function checkCut(access: Opened, audit: Audit, { version }: Ledger): Promise<BadEvent | null> {
  noteCut(access, version)
  const bad = access.files === undefined ? await checkKept(access) : null
  if (bad !== null) audit.note({ seq: bad.seq, rule: 'sequence', jobId: null, detail: bad.what })
  return bad
}
