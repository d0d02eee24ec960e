import { checkCron, dueAfter, dueTimes, preview } from '../../calendar/index.ts'
import {
  type CommandBody,
  type DataChange,
  type Declared,
  firedId,
  InterlockError,
  type Json,
  type Micros,
  payloadKeyOf,
  type Schedule,
  type ScheduleWish,
  scheduleOf,
} from '../../core/index.ts'
import { declarationOf, parseSchedules } from '../../events/index.ts'
import type { DataRole } from '../../store/index.ts'
import { SingleFlight } from '../base/concurrency.ts'
import type { Member } from '../membership/member.ts'

type Parts = Pick<Member, 'log' | 'ledger' | 'failures' | 'send' | 'catchUp' | 'closing'>

/** A command, and the data that goes with it. */
interface Prepared {
  readonly body: CommandBody
  readonly data: readonly DataChange[]
}

/** Schedules that are fired at once. Together their events fit into one append. */
const BATCH = 100

/** Due times of the last minute are fired, each of them, and there may be one in every second. */
const MOST_ON_TIME = 62

/**
 * The schedules of a queue: computes due times, and sends the commands. Every process does; the log knows which due time is next, so one
 * of them wins and the others' commands come to nothing.
 */
export class Schedules {
  readonly #member: Parts
  readonly #store: Pick<DataRole, 'data'>
  readonly #flight: SingleFlight

  constructor(member: Parts, store: Pick<DataRole, 'data'>) {
    this.#member = member
    this.#store = store
    this.#flight = new SingleFlight(
      () => this.#fireAll(),
      (error) => member.failures.note(error),
    )
  }

  /** The time of the queue. Every event of its log is before it, and so is every due time that was fired. */
  get now(): Micros {
    return this.#member.log.now()
  }

  get ledger() {
    return this.#member.ledger
  }

  /** @throws InterlockError `invalid_input`, `schedule_owned` */
  async declare(owner: string, given: unknown, revision: number | null): Promise<Declared> {
    const madeAt = performance.now()
    const declaration = declarationOf(owner, revision, parseSchedules(given))
    await this.#member.catchUp()
    const { body, data } = this.prepared(declaration)
    const { declared } = await this.#member.send(body, { data, madeAt })
    const kept = declaration.body.schedules.map(({ id }) => id)
    return declared ?? { set: [], removed: [], kept, isOutdated: false }
  }

  /**
   * The command with the due times that come next, and with what is kept beside the log from then on. Any other command as it is.
   * @throws InterlockError `invalid_input` for an expression without due times
   */
  prepared({ body, data }: Prepared): Prepared {
    switch (body.type) {
      case 'set_schedules':
        return {
          body: { ...body, schedules: this.#timed(body.schedules) },
          data: [...data, ...this.#emptied(body, data)],
        }
      case 'remove_schedule':
        return { body, data: this.#emptied({ schedules: [], owner: null }, data, body.schedule) }
      case 'resume_schedule': {
        const known = scheduleOf(this.ledger, body.schedule)
        const next = known === undefined ? null : dueAfter(known.rule, this.now, known.next)
        return { body: { ...body, next }, data }
      }
      default:
        return { body, data }
    }
  }

  #timed(schedules: readonly ScheduleWish[]): readonly ScheduleWish[] {
    const { now, ledger } = this
    return schedules.map((wish, i) => {
      const { cron, tz } = wish.rule
      if (cron !== undefined) checkCron(cron, tz, `schedules[${i}].cron`, now)
      const timed = { ...wish, next: dueAfter(wish.rule, now) }
      return scheduleOf(ledger, wish.id) === undefined ? { ...timed, absentAt: ledger.version } : timed
    })
  }

  /** Payloads that are kept of schedules that need none any more. */
  #emptied(
    { schedules, owner }: { readonly schedules: readonly ScheduleWish[]; readonly owner: string | null },
    data: readonly DataChange[],
    gone?: string,
  ): readonly DataChange[] {
    const names = new Set([...schedules.map(({ id }) => id), ...(gone === undefined ? [] : [gone])])
    const given = new Set(data.map(({ jobId }) => jobId))
    return [...this.ledger.schedules]
      .filter((one) => one.rule.job.hasData === true && (one.owner === owner || names.has(one.schedule)))
      .map(({ schedule }) => payloadKeyOf(schedule))
      .filter((jobId) => !given.has(jobId))
      .map((jobId) => ({ jobId, payload: null }))
  }

  async remove(schedule: string): Promise<void> {
    await this.#send({ type: 'remove_schedule', schedule })
  }

  async pause(schedule: string): Promise<void> {
    await this.#send({ type: 'pause_schedule', schedule })
  }

  async resume(schedule: string): Promise<void> {
    await this.#member.catchUp()
    await this.#send({ type: 'resume_schedule', schedule, next: null })
  }

  async #send(command: CommandBody): Promise<void> {
    const { body, data } = this.prepared({ body: command, data: [] })
    await this.#member.send(body, { data })
  }

  /** @throws InterlockError `schedule_unknown` */
  find(schedule: string): Schedule {
    const known = scheduleOf(this.ledger, schedule)
    if (known !== undefined) return known
    throw new InterlockError(
      'schedule_unknown',
      `there is no schedule ${schedule}; list them: \`npx interlock-queue schedule list\``,
    )
  }

  preview(schedule: string, count: number): readonly Micros[] {
    const { rule, next } = this.find(schedule)
    return preview(rule, next, count)
  }

  /** Fires what is due by the time of the queue. */
  fireDue(): Promise<void> {
    return this.#dueNow(1).length === 0 ? Promise.resolve() : this.#flight.request()
  }

  async #fireAll(): Promise<void> {
    const due = this.#dueNow(Number.POSITIVE_INFINITY)
    for (let from = 0; from < due.length && !this.#member.closing.signal.aborted; from += BATCH)
      await this.#fireSome(due.slice(from, from + BATCH))
  }

  #dueNow(most: number): readonly string[] {
    const { ledger, now } = this
    const found: string[] = []
    for (const { at, schedule } of ledger.dueTimes) {
      if (at > now || found.length === most) break
      found.push(schedule)
    }
    return found
  }

  async #fireSome(ids: readonly string[]): Promise<void> {
    const due = ids.flatMap((id) => scheduleOf(this.ledger, id) ?? [])
    const payloads = await this.#payloadsOf(due)
    await Promise.all(due.map((one) => this.#fire(one, payloads.get(one.schedule))))
  }

  /** A failure of one holds up no other. */
  async #fire({ schedule, rule, next: due }: Schedule, payload: Json | undefined): Promise<void> {
    const { now } = this
    if (due === null || due > now) return
    try {
      const { times, next } = dueTimes(rule, due, now, Math.max(MOST_ON_TIME, rule.upTo))
      const data = payload === undefined ? [] : times.map((at) => ({ jobId: firedId(schedule, at), payload }))
      const { payloadHash } = rule.job
      await this.#member.send({ type: 'fire', schedule, due, times, next, payloadHash }, { data })
    } catch (error) {
      this.#member.failures.note(error)
    }
  }

  async #payloadsOf(due: readonly Schedule[]): Promise<ReadonlyMap<string, Json>> {
    const ids = due.filter(({ rule }) => rule.job.hasData === true).map(({ schedule }) => schedule)
    if (ids.length === 0) return new Map()
    const kept = await this.#store.data(this.#member.log.queue, ids.map(payloadKeyOf))
    return new Map(ids.map((id, i) => [id, kept[i]?.payload ?? null]))
  }
}
