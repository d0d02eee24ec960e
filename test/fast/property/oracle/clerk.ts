import {
  type Command,
  type Event,
  hash,
  type JobSpec,
  type Policy,
  type RecordedEvent,
  type Surroundings,
} from '../../../../src/engine/core/index.ts'
import {
  isOverRate,
  isStartable,
  lackOf,
  limitsFor,
  mayBeAskers,
  placeFor,
  placesToTake,
  reserves,
  startableIn,
} from './admission.ts'
import { carryPassed } from './passed.ts'
import {
  bypasses,
  capacity,
  crewsOf,
  type Entry,
  find,
  fitsBeside,
  goesByUse,
  heldBy,
  holdersAt,
  holdersOf,
  inOrder,
  isAhead,
  isAt,
  isAtStart,
  isHeldByRules,
  isHeldWhole,
  isOpen,
  isOpenFor,
  leftOf,
  limitsOf,
  lineOf,
  mayUse,
  nearPlaces,
  needs,
  pausedModel,
  placesFor,
  placesOf,
  type Queue,
  ruleOf,
  runningIn,
  shareModel,
  takesAll,
  type Used,
  usedBy,
  useOf,
  wholesOf,
} from './queue.ts'
import {
  countPassedInKey,
  expectedOf,
  firstLike,
  nextTurn,
  noteEnd,
  noteEntries,
  noteStart,
  passedBy,
} from './turns.ts'
import { countPassed, loadsOf, type Pick as Picked, pickWarm, withLoads } from './warm.ts'

/** Carries out one command on the oracle's queue: every change of state, and the event that records it. */
export class Clerk {
  readonly events: RecordedEvent[] = []
  readonly queue: Queue
  readonly command: Command
  readonly now: number
  /** How jobs ended that are not live. */
  readonly ended: NonNullable<Surroundings['ended']>
  readonly #dead: ReadonlySet<string>
  readonly #offers: Entry[] = []
  /** Where they were pinned before this command offered them. */
  readonly #pins = new Map<Entry, Entry['places']>()

  constructor(queue: Queue, command: Command, { now, deadWorkers, ended = new Map() }: Surroundings) {
    this.ended = ended
    this.queue = queue
    this.command = command
    this.now = now
    this.#dead = deadWorkers
  }

  record(event: Event): number {
    carryPassed(this.queue)
    this.pinAll()
    const { queue, command } = this
    queue.version++
    queue.lastAt = Math.max(this.now, queue.lastAt + 1)
    const { id: commandId, hash: commandHash } = command
    this.events.push({ ...event, seq: queue.version, at: queue.lastAt, commandId, commandHash })
    const isEnd = ['completed', 'failed', 'cancelled', 'lease_expired'].includes(event.type)
    const ended = isEnd && 'jobId' in event ? this.jobOf(event.jobId) : undefined
    if (ended?.active === true && 'token' in event && event.token !== null) {
      this.#settleUse(ended, 'used' in event ? event.used : undefined)
      noteEnd(queue, ended, queue.lastAt)
    }
    return queue.lastAt
  }

  /** What it used counts from now on; where what it asked for counted at its start, what it used beyond. */
  #settleUse(job: Entry, used: JobSpec['uses'] = {}): void {
    const { queue } = this
    if (bypasses(job)) return
    for (const resource of new Set([...usedBy(queue, job), ...Object.keys(used)])) {
      const ask = useOf(queue, job, resource)
      const amount = Object.hasOwn(used, resource) ? (used[resource] ?? 0) : ask
      for (const [window, limit] of limitsOf(queue.policy, resource).entries())
        this.#count(resource, window, isAtStart(limit) ? Math.max(0, amount - ask) : amount)
    }
  }

  /** What it asks for counts from its start on, where it does so at the start. @param fits which resources */
  countAtStart(job: Entry, fits: (resource: string) => boolean = () => true): void {
    const { queue } = this
    for (const resource of usedBy(queue, job).filter(fits))
      for (const [window, limit] of limitsOf(queue.policy, resource).entries())
        if (isAtStart(limit)) this.#count(resource, window, useOf(queue, job, resource))
  }

  /** What counts within a thousandth of a window counts as the last of it. */
  #count(resource: string, window: number, amount: number): void {
    const { queue } = this
    const { lastAt: at } = queue
    const { perSeconds } = limitsOf(queue.policy, resource)[window] ?? { perSeconds: 0 }
    if (amount === 0) return
    const part = Math.max(1, Math.floor(Math.ceil(perSeconds * 1_000_000) / 1_000))
    const isNear = (use: Used) =>
      use.resource === resource &&
      use.window === window &&
      Math.floor(use.at / part) === Math.floor(at / part)
    const sum = queue.used.filter(isNear).reduce((all, use) => all + use.amount, amount)
    queue.used = [...queue.used.filter((use) => !isNear(use)), { resource, window, at, amount: sum }]
  }

  /** Who has come into line since the event before is pinned, one after the other. */
  pinAll(before?: ReadonlyMap<Entry, Entry['places']>): void {
    const { queue } = this
    const line = lineOf(queue)
    for (const job of queue.jobs)
      if (!job.active && !line.includes(job)) Object.assign(job, { places: null, wholes: {} })
    for (const job of line) job.wholes = wholesOf(queue, job)
    for (const job of line.filter(({ places }) => places === null)) pin(queue, job, before?.get(job) ?? null)
    noteEntries(queue)
  }

  enter(
    given: JobSpec,
    asked: boolean,
    fired?: { readonly due: number; readonly next?: number; readonly nth?: number },
  ): void {
    const { queue, command } = this
    const { jobId, priority, dedupe } = given
    const wait = dedupe?.debounce
    const spec = wait === undefined ? given : { ...given, runAt: this.now + wait.delay * 1_000 }
    const at = this.record({
      ...{ type: 'queued' as const, jobId, spec, workerId: command.workerId },
      ...(fired ?? { named: true as const }),
      ...(asked ? { asked } : {}),
    })
    const exclusive = spec.models.length === 0 && queue.policy.emptySet === 'exclusive'
    const own = queue.jobs.filter((job) => job.spec.fairKey === spec.fairKey && !job.active && !bypasses(job))
    const fairRank = spec.fairKey === null ? 0 : own.length
    const position = positionOf(queue.policy, priority, at, queue.version, fairRank)
    const awaits = spec.after !== undefined
    const dueAt = awaits
      ? Number.POSITIVE_INFINITY
      : spec.runAt !== null && spec.runAt > at
        ? spec.runAt
        : null
    const job: Entry = {
      ...{ jobId, spec, queuedAt: at, exclusive, priority, ...position, active: false, dueAt },
      ...{
        waitingSince: at,
        attempt: 0,
        free: 0,
        token: 0,
        workerId: null,
        startedAt: 0,
        expects: 0,
        batch: null,
        gaveBack: [],
        gaveBackAt: {},
      },
      ...{ detachedUntil: null, cancelRequested: false },
      ...{
        asker: asked ? command.workerId : null,
        offeredAt: null,
        overtaken: 0,
        passed: [],
        heldOn: null,
        fairRank,
      },
      ...{ links: [], awaits, failedBy: null, settledAt: 0, since: at, places: null, wholes: {} },
    }
    queue.jobs.push(job)
    if (dueAt === null) job.heldOn = heldBy(queue, job)
    if (typeof dedupe?.while === 'number')
      queue.keys.push({ key: dedupe.key, jobId, queuedAt: at, until: at + dedupe.while * 1_000 })
  }

  /** Another job stands for this one. If it waits for the last of its key, it waits for longer, but not for ever. */
  double({ jobId, dedupe }: JobSpec, standsFor: string): void {
    const { workerId } = this.command
    this.record({ type: 'deduplicated', jobId, standsFor, key: dedupe?.key ?? '', workerId })
    const job = this.jobOf(standsFor)
    const wait = job?.spec.dedupe?.debounce
    if (job === undefined || wait === undefined) return
    const runAt = Math.min(this.now + wait.delay * 1_000, job.queuedAt + wait.maxDelay * 1_000)
    if (runAt <= this.now || (job.dueAt !== null && runAt <= job.dueAt)) return
    const at = this.record({ type: 'debounced', jobId: standsFor, runAt, workerId })
    if (runAt > at) Object.assign(job, { dueAt: runAt, heldOn: null, offeredAt: null })
  }

  start(
    job: Entry,
    workerId: string,
    batch: number | null = null,
    held: Entry['places'] = null,
    told: Pick<Picked, 'warm' | 'without'> & { readonly virtualTime?: number } = {},
  ): void {
    const { queue } = this
    const { jobId, spec } = job
    this.pinAll()
    const places = held ?? placesToTake(queue, job, this.now, workerId)
    const wholes = wholesOf(queue, job)
    const all = [...Object.values(places ?? {}), ...Object.values(wholes).flat()]
    const joins = batch !== null && batch !== queue.version + 1
    const asking = this.#asking(workerId, (kind) => told.without?.includes(kind) !== true)
    if (told.warm === undefined || goesByUse(queue.policy)) this.#countOvertaking(job, all, joins)
    if (told.warm !== undefined && goesByUse(queue.policy)) countPassedInKey(queue, asking, job)
    else if (told.warm !== undefined) countPassed(queue, asking, job, all)
    const expects = joins ? 0 : expectedOf(queue, job)
    if (!joins) noteStart(queue, job)
    const attempt = job.attempt + 1
    const where = places == null ? {} : { places }
    const named = batch === null ? {} : { batch }
    const startedAt = this.record({
      type: 'started',
      jobId,
      workerId,
      attempt,
      models: spec.models,
      ...where,
      ...named,
      ...(expects > 0 ? { expects } : {}),
      ...told,
    })
    const { version: token } = queue
    for (const model of spec.models)
      if (ruleOf(queue.policy.rate, model)) queue.starts.push({ model, at: startedAt })
    this.countAtStart(job)
    Object.assign(job, {
      active: true,
      token,
      startedAt,
      expects,
      workerId,
      attempt,
      asker: null,
      offeredAt: null,
      passed: [],
      places,
      wholes,
      batch,
    })
    queue.keepers = queue.keepers.map((keeper) =>
      keeper.worker === workerId
        ? { ...keeper, loaded: withLoads(keeper, loadsOf(queue.policy, job, job.places), startedAt) }
        : keeper,
    )
    this.#endOffers(job)
  }

  /**
   * Several jobs for one handler. As if the batch were over after each of them: the job that would start next joins it if it is alike, and
   * closes it if it is not. Each is where the first one is. One that has failed before runs by itself.
   */
  #startTogether(
    first: Entry,
    workerId: string,
    size: number,
    picked?: Pick<Picked, 'warm' | 'without'> & {
      readonly places: Entry['places']
      readonly virtualTime?: number
    },
  ): void {
    this.pinAll()
    const { places = null, warm, without, virtualTime } = picked ?? {}
    const held = places === null || Object.keys(places).length === 0 ? null : places
    const told = {
      ...(warm === undefined ? {} : { warm }),
      ...(without === undefined ? {} : { without }),
      ...(virtualTime === undefined ? {} : { virtualTime }),
    }
    if (size < 2 || hasFailed(first) || first.spec.whole !== undefined)
      return this.start(first, workerId, null, held, told)
    const batch = this.queue.version + 1
    this.start(first, workerId, batch, held, told)
    const { maxActive } = this.queue.policy
    const behind = this.queue.jobs.filter((job) => isAhead(first, job)).sort(inOrder)
    let left = size - 1
    const isUnasked = ({ asker }: Entry) => asker === null || this.#dead.has(asker)
    for (let job = behind.shift(); job !== undefined; job = behind.shift()) {
      this.pinAll()
      const isNear = Object.values(first.places ?? {}).some((place) => mayUse(this.queue, job, place))
      const isInItsLine = maxActive !== null || shareModel(first, job) || isNear || bypasses(first)
      if (left === 0 || !isInItsLine || bypasses(first) !== bypasses(job)) continue
      const after = { ...this.queue, spared: batch }
      if (!isStartable(after, job, this.now)) continue
      const mayJoin = (one: Entry) =>
        isAlike(first, one) && isUnasked(one) && couldBeWhere(after, first, one, this.now, workerId)
      if (mayJoin(job)) {
        const next = firstLike(this.queue, job)
        if (!isStartable(after, next, this.now) || !mayJoin(next)) return
        this.start(next, workerId, batch, first.places)
        left--
        if (next !== job) behind.unshift(job)
      } else if (job.offeredAt === null && !bypasses(first)) return
    }
  }

  /** It has ended, and those that come after it know how. @param cause where its failure began */
  leave(job: Entry, outcome: string, cause: string = job.jobId): void {
    const { queue } = this
    queue.jobs.splice(queue.jobs.indexOf(job), 1)
    for (const child of queue.jobs) {
      const link = child.links.find(
        (one) => one.id === job.jobId && one.life === job.queuedAt && one.outcome === null,
      )
      if (link === undefined) continue
      link.outcome = outcome
      if (outcome !== 'completed' && !link.goesOn) child.failedBy ??= cause
      this.#settle(child)
    }
  }

  /** @param groups of jobs that were named alike: those that are live first */
  link(
    jobId: string,
    groups: readonly { ids: readonly string[]; goesOn: boolean; outcome: string | null }[],
  ): void {
    for (const { ids, goesOn, outcome } of groups) {
      const ended = outcome === null ? {} : { outcome: outcome as 'failed' }
      this.record({ type: 'linked', jobId, after: ids, ...(goesOn ? { goesOn } : {}), ...ended })
      const job = this.jobOf(jobId) as Entry
      for (const id of ids) job.links.push({ id, life: this.jobOf(id)?.queuedAt ?? 0, goesOn, outcome })
      const failed = ids.find(() => outcome !== null && outcome !== 'completed' && !goesOn)
      job.failedBy ??= failed ?? null
      this.#settle(job)
    }
  }

  #settle(job: Entry): void {
    const isOpen = job.links.some(({ outcome }) => outcome === null)
    if (job.awaits && job.settledAt === 0 && (job.failedBy !== null || !isOpen))
      job.settledAt = this.queue.lastAt
  }

  /** Jobs whose fate is known are put in line, or fail: those of which it was known first go first. */
  #follow(): void {
    for (;;) {
      const [job] = this.queue.jobs.filter((one) => one.settledAt !== 0).sort(bySettled)
      if (job === undefined) return
      const { jobId, failedBy: cause } = job
      if (cause === null) this.#release(job)
      else {
        this.record({ type: 'failed', jobId, token: null, code: 'parent_failed', final: true, cause })
        this.leave(job, 'failed', cause)
      }
    }
  }

  #release(job: Entry): void {
    const { queue, now } = this
    const { jobId, priority, fairRank, spec } = job
    const later = spec.runAt !== null && spec.runAt > now ? spec.runAt : null
    const at = this.record({ type: 'released', jobId, runAt: later })
    const dueAt = later !== null && later > at ? later : null
    Object.assign(job, positionOf(queue.policy, priority, at, queue.version, fairRank))
    Object.assign(job, { awaits: false, settledAt: 0, dueAt, waitingSince: at, since: at })
    if (dueAt === null) job.heldOn = heldBy(queue, job)
  }

  /** Back to the line, at the place it had, perhaps for other models. */
  requeue(
    job: Entry,
    reason: 'retry' | 'lease_expired' | 'later',
    runAt: number | null,
    models?: readonly string[],
  ): void {
    const later = runAt !== null && runAt > this.now ? runAt : null
    const needs = models ?? (job.gaveBack.length > 0 ? job.spec.models : undefined)
    const others = needs === undefined ? {} : { models: needs }
    const at = this.record({ type: 'requeued', jobId: job.jobId, reason, runAt: later, ...others })
    if (models !== undefined) {
      const exclusive = models.length === 0 && this.queue.policy.emptySet === 'exclusive'
      Object.assign(job, { spec: { ...job.spec, models }, exclusive })
    }
    const free = job.free + (reason === 'later' ? 1 : 0)
    const dueAt = runAt !== null && runAt > at ? runAt : null
    Object.assign(job, {
      active: false,
      workerId: null,
      batch: null,
      gaveBack: [],
      gaveBackAt: {},
      detachedUntil: null,
      places: null,
      wholes: {},
      cancelRequested: false,
      waitingSince: at,
      dueAt,
      free,
      heldOn: dueAt === null ? heldBy(this.queue, job) : null,
    })
  }

  /** Everything startable goes away, first come first served, then the sender takes what it claims. */
  grant(): void {
    this.#noteServes()
    this.#follow()
    const { claim, workerId } = this.command
    const taken = goesByUse(this.queue.policy) ? 0 : this.#takeWarm()
    this.#giveAway()
    for (let left = (claim?.max ?? 0) - taken; left > 0; left--) {
      const turn = goesByUse(this.queue.policy) ? this.#nextTurn() : undefined
      const isTurned = (entry: Entry) => goesByUse(this.queue.policy) && !bypasses(entry)
      const unturned = this.#offered().find(
        (entry) => (claim?.kinds?.includes(entry.spec.kind) ?? true) && !isTurned(entry),
      )
      const job = unturned ?? turn?.job
      if (job === undefined || this.#dead.has(workerId)) return
      this.#startTogether(job, workerId, this.#sizeOf(job), unturned === undefined ? turn : undefined)
      this.#giveAway()
    }
  }

  #sizeOf({ spec: { kind } }: Entry): number {
    const sizes = new Map(this.command.claim?.batches?.map((one) => [one.kind, one.size]))
    return sizes.get(kind) ?? sizes.get('*') ?? 1
  }

  readonly #asking = (worker: string, runs: (kind: string) => boolean) => ({
    worker,
    runs,
    at: Math.max(this.now, this.queue.lastAt + 1),
  })

  /** The sender takes what it has loaded, before anything is offered. */
  #takeWarm(): number {
    const { claim, workerId } = this.command
    if (this.#offers.length > 0 || this.#dead.has(workerId)) return 0
    const runs = (kind: string) => claim?.kinds?.includes(kind) ?? true
    for (let taken = 0; taken < (claim?.max ?? 0); taken++) {
      this.pinAll()
      carryPassed(this.queue)
      const picked = pickWarm(this.queue, this.#asking(workerId, runs))
      if (picked === undefined) return taken
      this.#startTogether(picked.job, workerId, this.#sizeOf(picked.job), picked)
    }
    return claim?.max ?? 0
  }

  /** While anybody is offered: else nobody could start. Who waits at the gate is not taken by others, unless he is offered to all. */
  #nextTurn() {
    const { claim, workerId } = this.command
    if (this.queue.jobs.every((job) => job.offeredAt === null)) return undefined
    const runs = (kind: string) => claim?.kinds?.includes(kind) ?? true
    return nextTurn(this.queue, this.now, this.#asking(workerId, runs), ({ spec, asker, offeredAt }) => {
      const isAskers = asker !== null && offeredAt === null && !this.#dead.has(asker) && asker !== workerId
      return runs(spec.kind) && !isAskers
    })
  }

  /** It says what it serves with what it claims. */
  #noteServes(): void {
    const { claim, workerId } = this.command
    const known = this.queue.servers.find(({ worker }) => worker === workerId)?.places
    const kept = this.queue.keepers.find(({ worker }) => worker === workerId)?.keeps
    if (claim === undefined || this.#dead.has(workerId)) return
    const { serves = known, keeps = kept } = claim
    if (known?.join() !== serves?.join() || kept !== keeps)
      this.serve(workerId, serves ?? null, false, keeps ?? null)
  }

  /** The sender takes this very job, if it was offered and may start. */
  take(jobId: string): void {
    const { workerId } = this.command
    const job = this.#offered().find((entry) => entry.jobId === jobId)
    if (job === undefined || this.#dead.has(workerId)) return
    this.start(job, workerId)
    this.#giveAway()
  }

  /** An offer to which time alone has led is told of, if its job keeps something by waiting. */
  announce(): void {
    const job = this.#offers.find(
      (other) => other.offeredAt !== null && !bypasses(other) && reserves(this.queue, other),
    )
    const offered = this.queue.jobs.filter((other) => other.offeredAt !== null)
    if (this.events.length > 0 || job === undefined || offered.length > 100) return
    const { workerId } = this.command
    this.record({
      type: 'blocked',
      jobId: job.jobId,
      reason: 'offered',
      blockedBy: null,
      model: null,
      workerId,
    })
  }

  /** Offers stand in the last event; they are dated by it. */
  finish(): void {
    const last = this.events.pop()
    if (last === undefined) return
    const offered = this.#offers.filter((job) => !job.active && job.offeredAt !== null)
    for (const [job, places] of this.#pins) if (!job.active) job.places = places
    this.pinAll()
    for (const job of offered) job.offeredAt = last.at
    for (const job of offered) this.#pinWhereFree(job, last.at)
    const offers = offered.map((job) => job.jobId)
    this.events.push(offers.length === 0 ? last : { ...last, offers })
  }

  isAlive(workerId: string): boolean {
    return !this.#dead.has(workerId)
  }

  jobOf(jobId: string): Entry | undefined {
    return find(this.queue, jobId)
  }

  /** What is kept for an offered job is what it would take. */
  #pinWhereFree(job: Entry, at: number): void {
    job.places = placesToTake(this.queue, job, at) ?? job.places
  }

  #giveAway(): void {
    this.pinAll()
    for (;;) {
      const [job] = startableIn(this.queue, this.now, this.#dead)
      if (job === undefined) return
      if (mayBeAskers(this.queue, job, this.now, this.#dead)) this.start(job, job.asker ?? '')
      else {
        job.offeredAt = this.now
        if (!this.#pins.has(job)) this.#pins.set(job, job.places)
        this.#pinWhereFree(job, this.now)
        this.#offers.push(job)
      }
    }
  }

  #offered(): readonly Entry[] {
    const offered = this.queue.jobs.filter((job) => job.offeredAt !== null)
    const { workerId } = this.command
    return offered.filter((job) => isStartable(this.queue, job, this.now, workerId)).sort(inOrder)
  }

  #countOvertaking(job: Entry, places: readonly string[], joins: boolean): void {
    const { queue } = this
    if (goesByUse(queue.policy)) {
      for (const other of passedBy(queue, job, places, joins)) other.overtaken++
      return
    }
    const models = job.spec.models.filter((model) => placesOf(queue.policy, model) === undefined)
    for (const other of lineOf(queue)) {
      const isPassed =
        models.some((model) => needs(other, model)) ||
        places.some((place) => mayUse(queue, other, place)) ||
        usedBy(queue, job).some((resource) => useOf(queue, other, resource) > 0)
      if (isAhead(other, job) && isPassed) other.overtaken++
    }
  }

  /** Those that wait for the model now wait aside. */
  pause(model: string, reason: string, until: number | null): void {
    const { queue } = this
    this.record({ type: 'model_paused', model, reason, until, workerId: this.command.workerId })
    queue.pauses = [...queue.pauses.filter((pause) => pause.model !== model), { model, reason, until }]
    for (const job of lineOf(queue).filter((other) => needs(other, model) || isAt(other, model)))
      Object.assign(job, { heldOn: heldBy(queue, job), offeredAt: null, places: null })
    // A pause goes before what no pause holds.
    for (const job of queue.jobs.filter(isHeldByRules)) job.heldOn = heldBy(queue, job)
  }

  resume(model: string): void {
    const { queue } = this
    this.record({ type: 'model_resumed', model, workerId: this.command.workerId })
    queue.pauses = queue.pauses.filter((pause) => pause.model !== model)
    const held = [model, ...nearPlaces(queue, model)]
    for (const job of queue.jobs)
      if (job.heldOn !== null && (held.includes(job.heldOn) || heldBy(queue, job) === null))
        job.heldOn = heldBy(queue, job)
  }

  /** A process says what it serves, or is gone (null). Who is pinned where nobody serves him any more, goes elsewhere. */
  serve(workerId: string, places: readonly string[] | null, left = false, keeps: number | null = null): void {
    const { queue } = this
    const served = places === null ? {} : { places }
    if (places !== null || keeps !== null)
      this.record({ type: 'worker_serves', workerId, ...served, ...(keeps === null ? {} : { keeps }) })
    else this.record({ type: 'worker_gone', workerId, ...(left ? { left } : {}) })
    queue.servers = queue.servers.filter(({ worker }) => worker !== workerId)
    if (places !== null) queue.servers.push({ worker: workerId, places })
    const { loaded = [] } = queue.keepers.find(({ worker }) => worker === workerId) ?? {}
    queue.keepers = queue.keepers.filter(({ worker }) => worker !== workerId)
    if (keeps !== null)
      queue.keepers.push({
        worker: workerId,
        keeps,
        loaded: withLoads({ worker: workerId, keeps, loaded }, [], 0),
      })
    const before = new Map(lineOf(queue).map((job) => [job, job.places]))
    for (const job of queue.jobs.filter((one) => one.heldOn !== null)) {
      if (pausedModel(queue, job) === null) job.heldOn = heldBy(queue, job)
    }
    for (const job of [...before.keys()].filter(({ places: pins }) => pins !== null)) {
      const pins = Object.values(job.places ?? {})
      const isServed = (by?: string) => pins.every((place) => isOpenFor({ ...queue, pauses: [] }, place, by))
      if (isOpen(queue) || queue.servers.some(({ worker }) => isServed(worker))) continue
      Object.assign(job, { heldOn: heldBy(queue, job), offeredAt: null, places: null })
    }
    this.pinAll(before)
  }

  /** The rules changed, or the queue drains. */
  endAllOffers(): void {
    for (const job of this.queue.jobs) job.offeredAt = null
  }

  /** A job that cannot start any more because of this start is no longer on offer. */
  #endOffers(started: Entry): void {
    const { queue } = this
    const { policy } = queue
    const full = started.spec.models.filter(
      (m) =>
        (placesOf(policy, m) === undefined && holdersOf(queue, m).length >= capacity(policy, m)) ||
        isHeldWhole(queue, m) ||
        isOverRate(queue, m, started.startedAt),
    )
    const taken = [...Object.values(started.places ?? {}), ...Object.values(started.wholes).flat()]
    const isOnlyShared = (job: Entry) => job !== started && started.spec.models.some((m) => takesAll(job, m))
    const isLastSlot = started.exclusive || runningIn(queue).length >= (policy.maxActive ?? Infinity)
    const { fairKey } = started.spec
    const usedUp = limitsFor(queue, fairKey ?? '').filter(({ keys, most }) => {
      const own = queue.jobs.filter((job) => job.active && !bypasses(job) && keys(job.spec.fairKey ?? ''))
      return fairKey !== null && own.length >= most
    })
    const isShareUsedUp = ({ spec }: Entry) =>
      !bypasses(started) && spec.fairKey !== null && usedUp.some(({ keys }) => keys(spec.fairKey ?? ''))
    for (const job of queue.jobs.filter((other) => !bypasses(other))) {
      const lacksSlot = !bypasses(started) && (isLastSlot || job.exclusive)
      if (isShareUsedUp(job) || lacksSlot || full.some((model) => needs(job, model))) job.offeredAt = null
      if (isOnlyShared(job)) job.offeredAt = null
      const lacksRoom = (model: string) => {
        const place = job.places?.[model] ?? ''
        return taken.includes(place) && !fitsBeside(queue, job, model, place, holdersAt(queue, place))
      }
      const lacksAll = Object.values(job.wholes).some((all) => all.some((place) => taken.includes(place)))
      if (job !== started && (lacksAll || job.spec.models.some(lacksRoom))) job.offeredAt = null
      const shares = usedBy(queue, started).some((resource) => useOf(queue, job, resource) > 0)
      if (job !== started && shares && lackOf(queue, job, started.startedAt, true) !== undefined)
        job.offeredAt = null
    }
  }
}

/** For each model that has places: where it was, if it still may be there, else where the fewest are ahead. */
function pin(queue: Queue, job: Entry, stood: Entry['places']): void {
  const inLine = lineOf(queue).filter((other) => isAhead(other, job))
  const before = (place: string) => [
    ...holdersAt(queue, place),
    ...inLine.filter((other) => isAt(other, place)),
  ]
  const all = crewsOf(queue, job, stood).flatMap((by) => {
    const pins = job.spec.models.flatMap((model) => {
      const listed = placesFor(queue.policy, job.spec, model)
      if (listed === undefined || takesAll(job, model)) return []
      const open = listed.filter((place) => isOpenFor(queue, place, by))
      const units = Object.keys(job.spec.asks?.[model] ?? {}).sort()
      const byLeft = (a: string, b: string) =>
        units.reduce(
          (order, unit) => order || leftOf(queue, b, unit, before(b)) - leftOf(queue, a, unit, before(a)),
          0,
        )
      const byCount = (a: string, b: string) => before(a).length - before(b).length
      const best = open.toSorted(units.length > 0 ? byLeft : byCount)[0]
      const kept = open.find((place) => stood?.[model] === place)
      const ahead = kept === undefined && best !== undefined ? before(best).length : 0
      return [{ model, place: kept ?? best, ahead }]
    })
    const sum = pins.reduce((total, pin) => total + pin.ahead, 0)
    return pins.some(({ place }) => place === undefined) ? [] : [{ pins, sum }]
  })
  const pins = all.toSorted((a, b) => a.sum - b.sum)[0]?.pins ?? []
  job.places =
    pins.length === 0 ? null : Object.fromEntries(pins.map(({ model, place }) => [model, place ?? '']))
}

const hasFailed = ({ attempt, free }: Entry): boolean => attempt > free

/** One kind, one set of models, nothing failed before. */
const isAlike = (one: Entry, other: Entry): boolean =>
  one.spec.kind === other.spec.kind &&
  [...one.spec.models].sort().join() === [...other.spec.models].sort().join() &&
  flat(one.spec.asks) === flat(other.spec.asks) &&
  !one.exclusive &&
  !other.exclusive &&
  other.spec.whole === undefined &&
  !hasFailed(other)

const flat = (asks: JobSpec['asks']): string =>
  Object.values(asks ?? {})
    .flatMap((units) => Object.entries(units).map((each) => each.join()))
    .sort()
    .join(';')

/** In each place that the first one has, should that be free. */
const couldBeWhere = (queue: Queue, { places }: Entry, job: Entry, now: number, by: string): boolean =>
  Object.entries(places ?? {}).every(
    ([model, place]) => placeFor(queue, { ...job, places: { [model]: place } }, model, now, by) === place,
  )

const bySettled = (a: Entry, b: Entry): number =>
  a.settledAt - b.settledAt || hash(a.jobId) - hash(b.jobId) || (a.jobId < b.jobId ? -1 : 1)

export function positionOf(policy: Policy, priority: number, queuedAt: number, tie: number, rank: number) {
  const { ageSeconds, fairShare } = policy
  const back = rank * (fairShare?.spacingSeconds ?? 0)
  if (ageSeconds === null) return { level: 0 - priority, order: Math.round(queuedAt + back * 1_000_000), tie }
  return { level: 0, order: Math.round(queuedAt + (back - priority * ageSeconds) * 1_000_000), tie }
}
