import {
  Agenda,
  type BatchSize,
  bounds,
  type Claim,
  type CommandBody,
  decide,
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
} from '../../../engine/core/index.ts'
import { type Life, Recording, type Run } from './recording.ts'

/** A process that keeps models loaded. */
export interface Process {
  readonly keeps: number
  /** How many attempts it runs at once. */
  readonly slots: number
}

export interface Rules {
  readonly policy: Policy
  /** How many jobs the workers could run at once, whatever the policy allows; null: any number. */
  readonly slots: number | null
  /** Those that keep models loaded; none: where an attempt runs does not matter. */
  readonly processes?: readonly Process[]
  /** Models from which nothing starts for a while. */
  readonly pauses?: readonly { readonly model: string; readonly from: Micros; readonly to: Micros }[]
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
  | { readonly do: 'give_back'; readonly index: number; readonly token: number; readonly model: string }
  | { readonly do: 'pause'; readonly model: string; readonly until: Micros }
  | { readonly do: 'tick' }

const nobodyDead: ReadonlySet<string> = new Set()

/** A process of a simulation, and how many slots it has left. */
interface Simulated {
  readonly worker: string
  readonly keeps?: number
  free: number
}

const processesOf = (processes: readonly Process[], slots: number): readonly Simulated[] =>
  processes.length === 0
    ? [{ worker: 'what-if', free: slots }]
    : processes.map(({ keeps, slots: free }, i) => ({ worker: `what-if-${i + 1}`, keeps, free }))

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
  ended = 0

  constructor(lives: readonly Life[], { policy, slots, processes = [], pauses = [] }: Rules) {
    this.#lives = lives
    this.#free = slots ?? Number.MAX_SAFE_INTEGER
    this.#processes = processesOf(processes, this.#free)
    this.#started = lives.map(() => 0)
    this.#batches = batchesOf(lives)
    // A pause comes before the jobs of its moment, and is lifted by a tick.
    for (const { model, from, to } of pauses) this.#agenda.add(from, { do: 'pause', model, until: to })
    for (const [index, life] of lives.entries()) {
      this.#agenda.add(life.arrivedAt, { do: 'come', index })
      if (life.cancelledAfter !== null) {
        this.#agenda.add(life.arrivedAt + life.cancelledAfter, { do: 'cancel', index })
      }
    }
    this.#now = (lives[0]?.arrivedAt ?? 0) - 1
    this.#send({ type: 'set_policy', policy })
  }

  /** False when nothing is left to do. */
  step(): boolean {
    const next = this.#agenda.next()
    if (next === undefined) return false
    this.#now = Math.max(this.#now, next.at)
    this.#do(next.item)
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
      case 'give_back':
        return this.#send({ type: 'done', jobId: String(item.index), token: item.token, model: item.model })
      case 'pause':
        return this.#send({ type: 'pause_model', model: item.model, reason: 'what_if', until: item.until })
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
    // The recording says when an attempt ended, timed out or not.
    return { ...life.spec, jobId: String(index), timeoutMs: bounds.durationMs }
  }

  /** The process that sends it claims what it has room for, and then all others do. */
  #send(body: CommandBody, by?: Simulated): void {
    const [first, ...others] = [...this.#processes].sort((a, b) => Number(b === by) - Number(a === by))
    if (first !== undefined) this.#sendBy(first, body)
    for (const other of others)
      if (Math.min(this.#free, other.free) > 0 && this.#ledger.offered.size > 0)
        this.#sendBy(other, { type: 'claim' })
  }

  #sendBy({ worker, keeps, free }: Simulated, body: CommandBody): void {
    const max = Math.min(this.#free, free)
    const claim: Claim = { max, kinds: null, batches: this.#batches, ...(keeps && { keeps }) }
    const command = { id: `w${this.#commands++}`, hash: 0, workerId: worker, claim, body }
    const { events, ledger } = decide(this.#ledger, [command], { now: this.#now, deadWorkers: nobodyDead })
    this.#ledger = ledger
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
    this.#agenda.add(at + Math.max(0, lasts) + loads, { do: 'end', index, token, batch, worker, run })
    for (const { model, after } of run?.gaveBack ?? [])
      this.#agenda.add(at + after, { do: 'give_back', index, token, model })
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

function endOf({ index, token, run }: Item & { readonly do: 'end' }, now: Micros): CommandBody {
  const jobId = String(index)
  const ending = run?.ending ?? { type: 'completed' }
  switch (ending.type) {
    case 'completed':
      return { type: 'complete', jobId, token }
    case 'failed':
      return { type: 'fail', jobId, token, code: 'handler_error', retryAt: null }
    case 'again': {
      const at = now + ending.after
      const others = ending.models === undefined ? undefined : { models: ending.models }
      return ending.costs
        ? { type: 'fail', jobId, token, code: 'handler_error', retryAt: at }
        : { type: 'release', jobId, token, reason: 'later', runAt: at, ...others }
    }
    default:
      return ending satisfies never
  }
}
