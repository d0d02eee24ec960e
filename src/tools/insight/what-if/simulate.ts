import {
  Agenda,
  type BatchSize,
  bounds,
  type Claim,
  emptyLedger,
  InterlockError,
  type Ledger,
  type Loading,
  MICROS_PER_SECOND,
  type Micros,
  nextOpeningAt,
  nextTickAt,
  type Policy,
  type RecordedEvent,
  type RehearsedBody,
  rehearse,
} from '../../../engine/core/index.ts'
import type { Act, Process } from './around.ts'
import { type Life, Recording, type Run } from './recording.ts'

export interface Rules {
  readonly policy: Policy
  /** How many jobs the workers could run at once, whatever the policy allows; null: any number. */
  readonly slots: number | null
  /** Those that have said something of themselves; none: where an attempt runs does not matter. */
  readonly processes?: readonly Process[]
  /** What is done to the queue meanwhile. */
  readonly acts?: readonly Act[]
}

type Item =
  | { readonly do: 'come' | 'cancel'; readonly index: number }
  | {
      readonly do: 'end'
      readonly index: number
      readonly token: number
      /** Its batch; its own token, if it ran by itself. */
      readonly batch: number
      readonly worker: string
      readonly run: Run | undefined
    }
  | {
      readonly do: 'give_back'
      readonly index: number
      readonly token: number
      readonly worker: string
      readonly model: string
    }
  | { readonly do: 'act'; readonly body: RehearsedBody }
  | { readonly do: 'join' | 'leave'; readonly who: Simulated }
  | { readonly do: 'tick' }

/** It does what no process does: those come later. */
const nobody: Simulated = { worker: 'what-if', free: 0, isHere: false }
/** Refusals of a job whatever the others do. */
const hopeless: ReadonlySet<string> = new Set(['fits_no_place', 'use_over_limit'])

/** The jobs came into line, whatever models are declared later. */
function undeclared(body: RehearsedBody): RehearsedBody {
  if (body.type !== 'set_policy') return body
  const { models: _, ...policy } = body.policy
  return { ...body, policy }
}
const nobodyDead: ReadonlySet<string> = new Set()

/** A process of a simulation, and how many slots it has left. */
interface Simulated extends Pick<Process, 'keeps' | 'serves' | 'from' | 'to'> {
  readonly worker: string
  free: number
  isHere: boolean
}

const processesOf = (processes: readonly Process[], slots: number): readonly Simulated[] =>
  processes.length === 0
    ? [{ worker: 'what-if', free: slots, isHere: true }]
    : processes.map(({ slots: free, ...said }, i) => ({
        worker: `what-if-${i + 1}`,
        ...said,
        free,
        isHere: false,
      }))

/**
 * Simulates other rules: the same jobs come at the same times and run as long as they did. The core makes every decision; nothing
 * else takes any time.
 * @param progress called with how many jobs have ended
 * @param every so many steps, 1,000 unless given
 */
export async function simulate(
  lives: readonly Life[],
  rules: Rules,
  progress: (ended: number) => Promise<void> | void = () => {},
  every = 1_000,
): Promise<readonly Life[]> {
  const simulation = new Simulation(lives, rules)
  for (let steps = 1; simulation.step(); steps++) if (steps % every === 0) await progress(simulation.ended)
  return simulation.outcome()
}

class Simulation {
  readonly #lives: readonly Life[]
  readonly #agenda = new Agenda<Item>()
  readonly #recording = new Recording()
  /** How many attempts of each job were started. */
  readonly #started: number[]
  /** Kinds of which several jobs ran at once, and how many at most; undefined: none did. */
  readonly #batches: readonly BatchSize[] | undefined
  /** How many jobs of a simulated batch still run. */
  readonly #members = new Map<number, number>()
  readonly #processes: readonly Simulated[]
  #ledger: Ledger = emptyLedger
  #free: number
  #now: Micros
  #commands = 0
  #tickAt = Number.POSITIVE_INFINITY
  /** Those that were there when the last one came. */
  #crew: readonly Simulated[] = []
  #isLate = false
  ended = 0

  constructor(lives: readonly Life[], { policy, slots, processes = [], acts = [] }: Rules) {
    this.#lives = lives
    this.#free = slots ?? Number.MAX_SAFE_INTEGER
    this.#processes = processesOf(processes, this.#free)
    this.#started = lives.map(() => 0)
    this.#batches = batchesOf(lives)
    this.#now = (lives[0]?.arrivedAt ?? 0) - 1
    // What is around the jobs comes before the jobs of its moment. The time that a pause ends at comes by a tick.
    for (const { at, body } of acts) this.#agenda.add(at, { do: 'act', body })
    for (const who of this.#processes) {
      const { from = this.#now, to } = who
      this.#agenda.add(from, { do: 'join', who })
      if (to !== undefined) this.#agenda.add(to, { do: 'leave', who })
    }
    for (const [index, life] of lives.entries()) {
      this.#agenda.add(comesAt(life), { do: 'come', index })
      if (life.cancelledAfter !== null) {
        this.#agenda.add(life.arrivedAt + life.cancelledAfter, { do: 'cancel', index })
      }
    }
    this.#send(undeclared({ type: 'set_policy', policy }))
  }

  /** False when nothing is left to do. */
  step(): boolean {
    const next = this.#agenda.next()
    if (next === undefined) return this.#goesOn()
    this.#now = Math.max(this.#now, next.at)
    this.#do(next.item)
    return true
  }

  /**
   * Under other rules it may take longer than it did. Then nobody is paused or drained any more, and those go on that were there when the
   * last one came.
   */
  #goesOn(): boolean {
    if (this.#isLate || this.#ledger.jobs.size === 0) return false
    this.#isLate = true
    for (const who of this.#crew) this.#agenda.add(this.#now, { do: 'join', who })
    for (const { model } of this.#ledger.pauses)
      this.#agenda.add(this.#now, { do: 'act', body: { type: 'resume_model', model } })
    this.#agenda.add(this.#now, { do: 'act', body: { type: 'resume' } })
    return true
  }

  /** @throws InterlockError `aborted` if jobs are left that nothing will ever start */
  outcome(): readonly Life[] {
    if (this.#ledger.jobs.size === 0)
      return this.#recording.lives.map((life) => this.#withWhatWasBefore(life))
    throw new InterlockError(
      'aborted',
      `${this.#ledger.jobs.size} jobs would never start under these rules; try others`,
    )
  }

  /** What a job had waited before the period is the same under any rules. */
  #withWhatWasBefore(life: Life): Life {
    const { waitedBefore = 0 } = this.#lives[Number(life.spec.jobId)] ?? {}
    return { ...life, waitedBefore }
  }

  #do(item: Item): void {
    switch (item.do) {
      case 'come':
        return this.#send({ type: 'enqueue', specs: [this.#specOf(item.index)] })
      case 'cancel':
        // A job that starts or ends before its cancellation is not cancelled.
        if (this.#started[item.index] === 0)
          this.#send({ type: 'cancel', jobId: String(item.index), force: false })
        return
      case 'end':
        this.#giveBack(item.batch, item.worker)
        return this.#send(endOf(item, this.#now), this.#processOf(item.worker))
      case 'give_back': {
        const { index, token, model, worker } = item
        return this.#send({ type: 'done', jobId: String(index), token, model }, this.#processOf(worker))
      }
      case 'act':
        return this.#send(undeclared(item.body))
      case 'join':
        item.who.isHere = true
        this.#crew = this.#processes.filter(({ isHere }) => isHere)
        return this.#send({ type: 'claim' }, item.who)
      case 'leave':
        item.who.isHere = false
        return this.#send({ type: 'leave' }, item.who)
      case 'tick':
        this.#tickAt = Number.POSITIVE_INFINITY
        return this.#send({ type: 'tick' })
      default:
        return item satisfies never
    }
  }

  /** The id is the index in the list: under other rules an id may come again before it is gone. */
  #specOf(index: number) {
    const life = this.#lives[index]
    if (life === undefined) throw new RangeError(`there is no job ${index}`)
    // It came into line then: no other job stood for it. The recording says when an attempt ended, timed out or not.
    const { dedupe: _, once: __, after: ___, ...spec } = life.spec
    return { ...spec, jobId: String(index), timeoutMs: bounds.durationMs }
  }

  /** The process that sends it claims what it has room for, and then all others do. */
  #send(body: RehearsedBody, by?: Simulated): void {
    const here = this.#processes.filter((one) => one.isHere && one !== by)
    const [first, ...others] = by === undefined ? here : [by, ...here]
    this.#sendBy(first ?? nobody, body)
    // By time alone a job may start of which nobody has heard.
    const mayStart = () => this.#ledger.offered.size > 0 || body.type === 'tick'
    for (const other of others)
      if (Math.min(this.#free, other.free) > 0 && mayStart()) this.#sendBy(other, { type: 'claim' })
  }

  #sendBy({ worker, keeps, serves, free, isHere }: Simulated, body: RehearsedBody): void {
    const max = Math.min(this.#free, free)
    const claim: Claim = { max, kinds: null, batches: this.#batches, keeps, serves }
    const command = { id: `w${this.#commands++}`, hash: 0, workerId: worker, body, ...(isHere && { claim }) }
    const surroundings = { now: this.#now, deadWorkers: nobodyDead }
    const { events, ledger, results } = rehearse(this.#ledger, [command], surroundings)
    this.#ledger = ledger
    const [result] = results
    if (result?.ok === false && hopeless.has(result.code))
      throw new InterlockError(
        'aborted',
        `these rules would refuse a job (${result.code}): ${result.message}; try others`,
      )
    for (const event of events) {
      this.#recording.push(event)
      if (event.type === 'started') this.#start(Number(event.jobId), event)
      else if (isEnd(event.type)) this.ended++
    }
    this.#setTick(events.length > 0)
  }

  #start(
    index: number,
    { seq: token, at, workerId: worker, batch = token }: RecordedEvent & { readonly type: 'started' },
  ): void {
    this.#take(batch, worker)
    const runs = this.#lives[index]?.runs ?? []
    const run = runs[this.#started[index] ?? 0]
    this.#started[index] = (this.#started[index] ?? 0) + 1
    // An attempt that never happened (the job was cancelled or expired first) takes as long as the last one.
    const like = run ?? runs.at(-1)
    const lasts = like === undefined ? 0 : like.to - like.from - loadTime(like.loading)
    const loads = loadTime(this.#recording.loadingOf(String(index)))
    this.#agenda.add(at + Math.max(0, lasts + loads), { do: 'end', index, token, batch, worker, run })
    for (const { model, after } of run?.gaveBack ?? [])
      this.#agenda.add(at + after, { do: 'give_back', index, token, worker, model })
  }

  /** A batch takes one slot. */
  #take(batch: number, worker: string): void {
    const members = this.#members.get(batch) ?? 0
    if (members === 0) this.#use(worker, 1)
    this.#members.set(batch, members + 1)
  }

  #giveBack(batch: number, worker: string): void {
    const left = (this.#members.get(batch) ?? 1) - 1
    if (left > 0) this.#members.set(batch, left)
    else {
      this.#members.delete(batch)
      this.#use(worker, -1)
    }
  }

  #use(worker: string, count: number): void {
    const own = this.#processOf(worker)
    this.#free -= count
    if (own !== undefined) own.free -= count
  }

  #processOf(worker: string): Simulated | undefined {
    return this.#processes.find((one) => one.worker === worker)
  }

  #setTick(changed: boolean): void {
    const times = [nextTickAt(this.#ledger), nextOpeningAt(this.#ledger, this.#now)]
    const at = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
    // A tick that could do nothing at this moment cannot do anything at the same moment again.
    if (at >= this.#tickAt || (at <= this.#now && !changed)) return
    this.#tickAt = at
    this.#agenda.add(at, { do: 'tick' })
  }
}

/** One that comes after others comes when these had ended. */
const comesAt = ({ spec, arrivedAt, runs }: Life): Micros =>
  spec.after === undefined ? arrivedAt : Math.max(arrivedAt, runs[0]?.readyAt ?? arrivedAt)

/** How many jobs of each kind ran at once for one handler, at most: it takes as many under other rules. */
function batchesOf(lives: readonly Life[]): readonly BatchSize[] | undefined {
  const members = new Map<number, number>()
  const sizes = new Map<string, number>()
  for (const { spec, runs } of lives)
    for (const { batch } of runs) {
      if (batch === undefined) continue
      const count = (members.get(batch) ?? 0) + 1
      members.set(batch, count)
      sizes.set(spec.kind, Math.max(count, sizes.get(spec.kind) ?? 1))
    }
  return sizes.size === 0 ? undefined : [...sizes].map(([kind, size]) => ({ kind, size }))
}

const loadTime = (loading: Loading | undefined): Micros => (loading?.seconds ?? 0) * MICROS_PER_SECOND

const isEnd = (type: string): boolean =>
  type === 'completed' || type === 'cancelled' || type === 'expired' || type === 'failed'

function endOf({ index, token, run }: Item & { readonly do: 'end' }, now: Micros): RehearsedBody {
  const jobId = String(index)
  const ending = run?.ending ?? { type: 'completed' }
  const used = run?.used === undefined ? undefined : { used: run.used }
  switch (ending.type) {
    case 'completed':
      return { type: 'complete', jobId, token, ...used }
    case 'failed':
      return { type: 'fail', jobId, token, code: 'handler_error', retryAt: null, ...used }
    case 'again': {
      const at = now + ending.after
      const others = ending.models === undefined ? undefined : { models: ending.models }
      return ending.costs
        ? { type: 'fail', jobId, token, code: 'handler_error', retryAt: at, ...used }
        : { type: 'release', jobId, token, reason: 'later', runAt: at, ...others, ...used }
    }
    default:
      return ending satisfies never
  }
}
