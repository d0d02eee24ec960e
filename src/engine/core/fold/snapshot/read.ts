import { classOf, joinClass } from '../../line/classes.ts'
import { type FairRows, fairFrom } from '../../line/fair-queue.ts'
import { joinLine } from '../../needs/fit.ts'
import { meterFrom } from '../../needs/meter.ts'
import { noStarts } from '../../needs/starts.ts'
import { isInLine, type Job } from '../../state/job.ts'
import { addToKind, kindToEdit } from '../../state/kinds.ts'
import { emptyLedger, idleModel, jobKeyOf, type Ledger, noPositions } from '../../state/ledger.ts'
import type { Model } from '../../state/model.ts'
import type { Writable } from '../../state/own-job.ts'
import { hasPlaces } from '../../state/site.ts'
import { hash } from '../../values/hash.ts'
import type { KeyHolder, LinePosition } from '../../values/position.ts'
import type { Schedule } from '../../values/schedule.ts'
import type { Tree } from '../../values/tree.ts'
import type { Owner } from '../../values/tree-node.ts'
import { timerOf as dueTimeOf } from '../evolve/schedule.ts'
import { addFlow, addLink, addPropagating } from './flow-rows.ts'
import { jobFrom, LastInLine, passFrom, type SnapshotJobRow } from './job-row.ts'
import { isBeside, queueBits, timerOf, usualMembership } from './membership.ts'
import { contradiction, modelKeys, type Part, snapshotKeys } from './parts.ts'
import { type PassRow, type SnapshotLine, type SnapshotSizes, sizesOf } from './write.ts'

/** Parts that are put together item by item. */
type Kept =
  | ('keys' | 'keyEnds')
  | 'batches'
  | 'models'
  | 'pauses'
  | 'shares'
  | Part<'modelTimers'>
  | 'schedules'
  | 'owners'
  | 'dueTimes'
  | 'fired'
  | 'beside'

/** Trees are gathered here and become models, pauses and shares at the end. */
type ReadModel = Writable<Model>

/** Puts a ledger together, line by line: less than a millisecond each. */
export class LedgerReader {
  readonly #owner: Owner = {}
  readonly #last = new LastInLine()
  readonly #ledger: Writable<Ledger> = { ...emptyLedger }
  readonly #models = new Map<string, ReadModel>()
  readonly #lists = new Map<string, readonly string[]>()
  readonly #held = new Map<string, Tree<LinePosition>>()
  readonly #shareReady = new Map<string, Tree<LinePosition>>()
  #sizes: SnapshotSizes | null = null
  #fair: FairRows | undefined
  readonly #fairKeys: FairRows['keys'][number][] = []
  readonly #seq: number

  /** @param seq up to which event it was folded */
  constructor(seq: number) {
    this.#seq = seq
  }

  /** @throws InterlockError `corrupt_log` if it contradicts what came before */
  push(line: SnapshotLine): void {
    if (this.#sizes !== null) this.#contradicts('it goes on after its end')
    switch (line[0]) {
      case 'queue':
        return void Object.assign(this.#ledger, line[2], { placed: hasPlaces(line[2].policy) })
      case 'jobs':
        for (const row of line[1]) this.#addJob(row)
        return
      case 'models':
        for (const [model, starts, meter] of line[1]) {
          const own = this.#model(model)
          own.starts = starts && this.#startsOf(starts)
          if (meter !== undefined) own.meter = meterFrom(meter)
        }
        return
      case 'pauses':
        for (const pause of line[1]) {
          const jobs = this.#held.get(pause.model) ?? noPositions
          this.#put('pauses', { ...pause, hash: hash(pause.model), jobs })
        }
        return
      case 'shares':
        for (const [key, waiting, active] of line[1]) {
          const ready = this.#shareReady.get(key) ?? noPositions
          this.#put('shares', { hash: hash(key), key, waiting, active, ready })
        }
        return
      case 'keys':
        for (const [key, queuedAt, jobId, until] of line[1]) this.#addKey({ key, queuedAt, jobId, until })
        return
      case 'timers':
        for (const [at, model] of line[2]) this.#put(line[1], { at, hash: hash(model), model })
        return
      case 'schedules':
        for (const one of line[1]) this.#addSchedule({ ...one, hash: hash(one.schedule) })
        return
      case 'owners':
        for (const [owner, revision] of line[1]) this.#put('owners', { hash: hash(owner), owner, revision })
        return
      case 'servers':
        this.#ledger.servers = line[1]
        return
      case 'keepers':
        this.#ledger.keepers = line[1]
        return
      case 'passes':
        for (const row of line[1]) this.#addPasses(row)
        return
      case 'flows':
        for (const row of line[1]) addFlow(this.#ledger, row, this.#owner)
        return
      case 'propagating':
        for (const row of line[1]) addPropagating(this.#ledger, row, this.#owner)
        return
      case 'links':
        for (const row of line[1])
          if (!addLink(this.#ledger, row, this.#owner)) this.#contradicts(`${row[0]} comes after ${row[1]}`)
        return
      case 'fair':
        this.#fairKeys.push(...line[1].keys)
        this.#fair = { ...line[1], keys: this.#fairKeys }
        return
      case 'end':
        this.#sizes = line[1]
        return
      default:
        return line satisfies never
    }
  }

  /**
   * Call it after all lines were pushed. Between two steps the caller may do something else.
   * @throws InterlockError `corrupt_log` if lines are missing, or contradict each other
   */
  *finish(): Generator<undefined, Ledger> {
    const sizes = this.#sizes ?? this.#contradicts('its end is missing')
    for (const model of this.#models.values()) {
      this.#put('models', model)
      yield
    }
    const ledger: Ledger = { ...this.#ledger, fair: fairFrom(this.#ledger, this.#fair) }
    const found = sizesOf(ledger)
    for (const [key, size] of Object.entries(sizes))
      if (found[key as keyof SnapshotSizes] !== size)
        this.#contradicts(`${key} are ${found[key as keyof SnapshotSizes]}, and should be ${size}`)
    return ledger
  }

  #addJob(row: SnapshotJobRow): void {
    const job = jobFrom(row, this.#named(row[1]), this.#last)
    this.#last.add(job)
    const [queue, models, held, share] = row[4]?.standing ?? usualMembership(this.#ledger.policy, job)
    this.#ledger.jobs = this.#ledger.jobs.insertAtRest(job, this.#owner)
    kindToEdit(this.#ledger, job.spec.kind, this.#owner).jobs++
    this.#stand(job, queue)
    for (const [index, bits] of models.entries()) this.#standOn(job, job.needs[index], bits)
    if (job.held !== null && (isBeside(job.held) || (held === 1 && job.held.as === 'no_worker')))
      this.#put('beside', job.position)
    else if (held === 1) this.#gather(this.#held, job.held?.on ?? null, job.position)
    if (share === 1) this.#gather(this.#shareReady, job.spec.fairKey, job.position)
    if (isInLine(job)) joinClass(this.#ledger, job, this.#owner)
    const { jobId, schedule } = job.spec
    if (schedule !== undefined) this.#put('fired', { schedule, jobId })
    if (job.batch !== null) this.#put('batches', { batch: job.batch, position: job.position })
  }

  #addPasses([jobId, passes]: PassRow): void {
    const job = this.#ledger.jobs.get(jobKeyOf(jobId))
    const own = job && classOf(this.#ledger, job)
    if (own === undefined) this.#contradicts(`${jobId} was passed, and is in no line`)
    this.#ledger.classes = this.#ledger.classes.insert({ ...own, passes: passes.map(passFrom) }, this.#owner)
  }

  #addSchedule(schedule: Schedule): void {
    this.#put('schedules', schedule)
    const timer = dueTimeOf(schedule)
    if (timer !== null) this.#put('dueTimes', timer)
  }

  #addKey(holder: KeyHolder): void {
    this.#put('keys', holder)
    if (holder.until !== null) this.#put('keyEnds', holder)
  }

  /** One shared list for all jobs that need the same single model. */
  #named(models: readonly string[]): readonly string[] {
    const [first] = models
    if (first === undefined || models.length > 1) return models
    const known = this.#lists.get(first)
    if (known !== undefined) return known
    this.#lists.set(first, models)
    return models
  }

  #stand(job: Job, bits: number): void {
    const ledger = this.#ledger
    // So stand nearly all.
    if (bits === queueBits.line) {
      ledger.line = ledger.line.insert(job.position, this.#owner)
      return
    }
    for (const key of snapshotKeys.positions)
      if ((bits & queueBits[key]) !== 0) ledger[key] = ledger[key].insert(job.position, this.#owner)
    if ((bits & queueBits.offered) !== 0) addToKind(ledger, job, this.#owner)
    for (const key of snapshotKeys.timers) {
      if ((bits & queueBits[key]) === 0) continue
      const at = timerOf[key](job) ?? this.#contradicts(`${job.jobId} has no time for ${key}`)
      ledger[key] = ledger[key].insert({ at, hash: job.hash, jobId: job.jobId }, this.#owner)
    }
  }

  #standOn(job: Job, name: string | undefined, bits: number): void {
    const { jobId, position, wholes } = job
    if (name === undefined) this.#contradicts(`${jobId} stands on a model that it does not need`)
    if (bits === 0) return
    const model = this.#model(name)
    for (const [index, key] of modelKeys.entries())
      if ((bits & (1 << index)) === 0) continue
      else if (key === 'line') joinLine({ policy: this.#ledger.policy, owner: this.#owner }, model, job)
      else model[key] = model[key].insert(position, this.#owner)
    if (wholes !== null && Object.hasOwn(wholes, name))
      model.whole = model.whole.insert(position, this.#owner)
  }

  #gather(all: Map<string, Tree<LinePosition>>, key: string | null, position: LinePosition): void {
    if (key === null) this.#contradicts(`${position.jobId} stands where it has no key for`)
    all.set(key, (all.get(key) ?? noPositions).insert(position, this.#owner))
  }

  #model(name: string): ReadModel {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    const added = idleModel(name)
    this.#models.set(name, added)
    return added
  }

  readonly #startsOf = (starts: readonly number[]): Tree<number> =>
    starts.reduce((all, at) => all.insert(at, this.#owner), noStarts)

  #put<Key extends Kept>(key: Key, item: unknown): void {
    const part = this.#ledger[key] as unknown as { insert(item: unknown, owner: Owner): Ledger[Key] }
    this.#ledger[key] = part.insert(item, this.#owner)
  }

  #contradicts(what: string): never {
    return contradiction(this.#seq, what)
  }
}
