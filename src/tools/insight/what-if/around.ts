import {
  allPlaces,
  Crews,
  endsAttempt,
  fits,
  type Ledger,
  type Micros,
  type Policy,
  type RecordedEvent,
  type RehearsedBody,
  saidBy,
  spokenOf,
  takenIn,
  unitsOf,
  type WorkerFact,
} from '../../../engine/core/index.ts'

/** A process that runs jobs. */
export interface Process {
  /** How many models it keeps loaded in each of its places; absent: it does not say. */
  readonly keeps?: number | undefined
  /** The places that it serves, by names or patterns; absent: every place. */
  readonly serves?: readonly string[] | undefined
  /** How many attempts it runs at once. */
  readonly slots: number
  /** When it came; absent: it is there from the beginning. */
  readonly from?: Micros | undefined
  /** When it left; absent: it stays. */
  readonly to?: Micros | undefined
}

/** What somebody did to the queue beside its jobs: rules, pauses, drains. */
export interface Act {
  readonly at: Micros
  readonly body: RehearsedBody
}

/** What was around the jobs of a period. */
export interface AroundJobs {
  /** The policy when the period began. */
  readonly begin: Policy
  readonly acts: readonly Act[]
  /** None: no process has said anything of itself, so that it does not matter which one runs a job. */
  readonly processes: readonly Process[]
}

/** Reads off the events of a period what was around its jobs. */
export class AroundRecorder {
  readonly #begin: Policy
  readonly #acts: Act[] = []
  readonly #spoken = new Map<string, Omit<Process, 'slots'>>()
  readonly #crews = new Crews({ workers: Number.POSITIVE_INFINITY, running: Number.POSITIVE_INFINITY })
  /** Of processes that have said nothing, together. */
  #silent = { now: 0, most: 0 }

  /** @param before the queue when the period begins */
  constructor(before: Ledger, from: Micros) {
    this.#begin = before.policy
    for (const { model, reason, until } of before.pauses)
      this.#act(from, { type: 'pause_model', model, reason, until })
    if (before.draining) this.#act(from, { type: 'drain' })
    for (const worker of spokenOf(before)) {
      const { serves, keeps } = saidBy(before, worker)
      this.#spoken.set(worker, { serves: serves ?? undefined, keeps: keeps ?? undefined })
    }
    for (const { jobId, active, workerId, batch, token } of before.jobs)
      if (active && workerId !== null) this.#start(jobId, workerId, batch ?? token)
  }

  push(event: RecordedEvent): void {
    const { at } = event
    switch (event.type) {
      case 'policy_changed':
        return this.#act(at, { type: 'set_policy', policy: event.policy })
      case 'model_paused':
        return this.#act(at, {
          type: 'pause_model',
          model: event.model,
          reason: event.reason,
          until: event.until,
        })
      case 'model_resumed':
        return this.#act(at, { type: 'resume_model', model: event.model })
      case 'drain_requested':
        return this.#act(at, { type: 'drain' })
      case 'resumed':
        return this.#act(at, { type: 'resume' })
      case 'worker_serves': {
        // One that says something else counts as having said it from the beginning.
        const { from = at } = this.#spoken.get(event.workerId) ?? {}
        this.#spoken.set(event.workerId, { from, serves: event.places, keeps: event.keeps })
        return
      }
      case 'worker_gone':
        this.#spoken.set(event.workerId, { ...this.#spoken.get(event.workerId), to: at })
        return
      case 'started':
        return this.#start(event.jobId, event.workerId, event.batch ?? event.seq)
      default:
        if (endsAttempt(event)) this.#end(event.jobId)
    }
  }

  finish(): AroundJobs {
    const spoken = [...this.#spoken].map(([worker, said]) => ({
      ...said,
      slots: Math.max(1, this.#crews.slotsOf(worker)),
    }))
    const silent = spoken.length === 0 || this.#silent.most === 0 ? [] : [{ slots: this.#silent.most }]
    return { begin: this.#begin, acts: this.#acts, processes: [...spoken, ...silent] }
  }

  #act(at: Micros, body: RehearsedBody): void {
    this.#acts.push({ at, body })
  }

  #start(jobId: string, worker: string, batch: number): void {
    this.#countSilent(worker, this.#crews.start(jobId, worker, batch))
  }

  #end(jobId: string): void {
    const worker = this.#crews.end(jobId)
    if (worker !== undefined) this.#countSilent(worker, -1)
  }

  #countSilent(worker: string, by: number): void {
    if (this.#spoken.has(worker)) return
    const now = Math.max(0, this.#silent.now + by)
    this.#silent = { now, most: Math.max(now, this.#silent.most) }
  }
}

/**
 * Those that run jobs under other rules. Where a place has more units a process has as many more slots, and a place that the log has never
 * named comes with slots: those of the process that serves it by a pattern, else of one of its own.
 */
export function processesUnder({ begin, acts, processes }: AroundJobs, policy: Policy): readonly Process[] {
  const policies = acts.flatMap(({ body }) => (body.type === 'set_policy' ? [body.policy] : []))
  const before = policies.at(-1) ?? begin
  const known = new Set([begin, ...policies].flatMap((each) => [...allPlaces(each)]))
  const like =
    processes.find(({ serves = [] }) => serves.length > 0) ??
    processes.find((one) => one.serves === undefined)
  if (known.size === 0 || like === undefined) return processes
  const grown = processes.map((one) => {
    const served = [...known].filter((place) => serves(one, place)).length
    const room = [...allPlaces(policy)]
      .filter((place) => serves(one, place))
      .reduce((sum, place) => sum + (known.has(place) ? growthOf(before, policy, place) : 1), 0)
    return { ...one, slots: Math.ceil(one.slots * Math.max(1, served === 0 ? 1 : room / served)) }
  })
  const itsPlaces = Math.max(1, [...known].filter((place) => serves(like, place)).length)
  const alone = { keeps: like.keeps, slots: Math.ceil(like.slots / itsPlaces) }
  const added = [...allPlaces(policy)].filter(
    (place) => !known.has(place) && !processes.some((one) => one.to === undefined && serves(one, place)),
  )
  return [...grown, ...added.map((place) => ({ ...alone, serves: like.serves && [place] }))]
}

const serves = ({ serves: places }: Process, place: string): boolean =>
  places?.some((one) => fits(one, place)) === true

/** How many times as much of its units a place has. */
function growthOf(before: Policy, after: Policy, place: string): number {
  const had = unitsOf(before, place) ?? {}
  const growth = Object.entries(unitsOf(after, place) ?? {}).map(([unit, has]) => has / (had[unit] ?? has))
  return Math.max(1, ...growth)
}

/** How many slots the live processes have: those that are free, and those that are taken. Null: none is alive. */
export function slotsIn(workers: readonly WorkerFact[] | null, ledger: Ledger): number | null {
  const able = (workers ?? []).filter(({ state, kinds }) => state === 'live' && kinds?.length !== 0)
  if (able.length === 0) return null
  const taken = takenIn(ledger)
  return able.reduce((sum, { workerId, freeSlots }) => sum + freeSlots + (taken.get(workerId) ?? 0), 0)
}

/** A place that the log does not know has as much of each unit as the first one of its model. */
export const unitsOfNew = (capacity: Policy['capacity'], policy: Policy): NonNullable<Policy['units']> =>
  Object.fromEntries(
    Object.values(capacity).flatMap((listed) => {
      const like =
        typeof listed === 'object' && listed[0] !== undefined ? unitsOf(policy, listed[0]) : undefined
      if (like === undefined || typeof listed !== 'object') return []
      return listed.filter((place) => place.startsWith('new:')).map((place) => [place, like] as const)
    }),
  )
