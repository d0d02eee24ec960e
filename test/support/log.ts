/** What a log says by itself, read line by line without the core: who holds what, under which token, and when. */
import type { Policy, RecordedEvent, Uses } from '../../src/engine/core/index.ts'

interface Life {
  readonly fairKey: string | null
  readonly attempts: number
  readonly asks: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly uses: Uses
  started: number
  givenBack: number
  token: number | null
  models: readonly string[]
  /** Those of which it takes all. */
  readonly whole: readonly string[]
  /** What its attempt has not given back. */
  held: readonly string[]
  /** By model. */
  places: Readonly<Record<string, string>>
  /** What it holds its models with. */
  batch: number
}

/** Reads a log and collects whatever must never be in one. */
export class LogReader {
  readonly faults: string[] = []
  readonly #lives = new Map<string, Life>()
  #policy: Policy | undefined
  readonly #starts: { readonly model: string; readonly at: number }[] = []
  /** What attempts that ended have used. */
  readonly #used: { readonly resource: string; readonly at: number; readonly amount: number }[] = []
  #draining = false
  readonly #paused = new Set<string>()
  readonly #serves = new Map<string, readonly string[]>()
  /** Processes that have said what they serve, or how many models they keep loaded. */
  readonly #said = new Set<string>()
  #token = 0
  #last = { seq: 0, at: 0 }

  read(event: RecordedEvent): void {
    if (event.seq !== this.#last.seq + 1) this.#fault(event, 'there is a gap')
    if (event.at <= this.#last.at) this.#fault(event, 'time stood still')
    this.#last = event
    switch (event.type) {
      case 'queued':
        return this.#queued(event)
      case 'started':
        return this.#started(event)
      case 'completed':
        this.#settle(event, event.used)
        return this.#ended(event, event.jobId, event.token, true)
      case 'failed':
      case 'lease_expired':
        this.#settle(event, 'used' in event ? event.used : undefined)
        return this.#ended(event, event.jobId, event.token, event.final)
      case 'cancelled':
        this.#settle(event, event.used)
        return this.#ended(event, event.jobId, event.token, true)
      case 'expired':
        return this.#ended(event, event.jobId, null, true)
      case 'requeued':
        return this.#requeued(event)
      case 'model_released':
        return this.#released(event)
      case 'policy_changed':
        this.#policy = event.policy
        this.#starts.length = 0
        this.#used.length = 0
        return
      case 'model_paused':
        this.#paused.add(event.model)
        return
      case 'model_resumed':
        this.#paused.delete(event.model)
        return
      case 'worker_serves':
        this.#said.add(event.workerId)
        if (event.places === undefined) this.#serves.delete(event.workerId)
        else this.#serves.set(event.workerId, event.places)
        return
      case 'worker_gone':
        this.#serves.delete(event.workerId)
        if (!this.#said.delete(event.workerId)) this.#fault(event, 'it had said nothing')
        return
      case 'drain_requested':
        this.#draining = true
        return
      case 'drained':
        if (this.#running().length > 0) this.#fault(event, 'jobs still run')
        return
      case 'resumed':
        this.#draining = false
        return
    }
  }

  #queued(event: RecordedEvent & { readonly type: 'queued' }): void {
    if (this.#lives.has(event.jobId)) this.#fault(event, 'the id is live')
    const { attempts, models, fairKey, whole = [], asks = {}, uses = {} } = event.spec
    this.#lives.set(event.jobId, {
      fairKey,
      attempts,
      asks,
      uses,
      started: 0,
      givenBack: 0,
      token: null,
      models,
      whole,
      held: [],
      places: {},
      batch: 0,
    })
  }

  #started(event: RecordedEvent & { readonly type: 'started' }): void {
    const life = this.#lives.get(event.jobId)
    if (life === undefined) return this.#fault(event, 'the job is not live')
    if (life.token !== null) this.#fault(event, 'the job runs already')
    if (this.#draining) this.#fault(event, 'the queue is draining')
    if (event.seq <= this.#token) this.#fault(event, 'tokens do not grow')
    this.#token = event.seq
    life.token = event.seq
    life.batch = event.batch ?? event.seq
    life.places = event.places ?? {}
    life.held = event.models
    this.#checkBatch(event, life)
    if (life.models.join('\n') !== event.models.join('\n')) this.#fault(event, 'it needs other models')
    life.started++
    if (event.attempt !== life.started) this.#fault(event, 'attempts are miscounted')
    if (life.started - life.givenBack > life.attempts) this.#fault(event, 'there was no attempt left')
    this.#checkPlaces(event)
    this.#checkShare(event)
    for (const model of event.models) this.#checkRate(event, model)
    for (const resource of Object.keys(life.uses)) this.#checkUse(event, resource)
  }

  /** One batch, one set of models, each in one place. */
  #checkBatch(event: RecordedEvent & { readonly type: 'started' }, life: Life): void {
    const other = this.#running().find(({ batch }) => batch === life.batch)
    if (other === undefined || other === life) return
    if (other.models.toSorted().join() !== life.models.toSorted().join())
      this.#fault(event, `the batch holds ${other.models.join()}`)
    for (const model of life.models)
      if (other.places[model] !== life.places[model])
        this.#fault(event, `the batch has ${model} in ${other.places[model]}`)
  }

  /** Exclusion and capacity. A lowered limit takes nothing away, so they are held by every start. */
  #checkPlaces(event: RecordedEvent & { readonly type: 'started' }): void {
    const all = this.#running().filter((life) => life.models.length > 0)
    const running = [...new Map(all.map((life) => [life.batch, life])).values()]
    const { maxActive = 1, capacity = {}, units = {} } = this.#policy ?? {}
    if (event.models.length > 0 && maxActive !== null && running.length > maxActive)
      this.#fault(event, `${running.length} jobs run`)
    for (const model of event.models) {
      const having = running.filter((life) => life.held.includes(model))
      const holders = having.length
      if (holders > 1 && having.some((life) => life.whole.includes(model)))
        this.#fault(event, `${holders} hold ${model}, and one of them all of it`)
      const rule = capacity[model] ?? capacity['*'] ?? 1
      const isMeasured = typeof rule !== 'number' && rule.some((name) => units[name] !== undefined)
      if (!isMeasured && holders > (typeof rule === 'number' ? rule : rule.length))
        this.#fault(event, `${holders} hold ${model}`)
      const place = event.places?.[model]
      if (this.#lives.get(event.jobId)?.whole.includes(model) === true) {
        if (place !== undefined) this.#fault(event, `${model} is in ${place}`)
        continue
      }
      const isRight = typeof rule === 'number' ? place === undefined : rule.includes(place ?? '')
      if (!isRight || this.#paused.has(place ?? '')) this.#fault(event, `${model} is in ${place}`)
      if (place !== undefined && !this.#mayHave(event.workerId, place))
        this.#fault(event, `${event.workerId} does not serve ${place}`)
      const others = running.filter(
        (life) => place !== undefined && Object.values(life.places).includes(place),
      )
      const there = units[place ?? '']
      if (there === undefined && others.length > 1) this.#fault(event, `${others.length} are in ${place}`)
      for (const [unit, amount] of Object.entries(there ?? {})) {
        const taken = others.map((life) => {
          const asking = life.models.find((name) => life.places[name] === place && life.asks[name])
          return asking === undefined ? amount : (life.asks[asking]?.[unit] ?? 0)
        })
        const sum = taken.reduce((all, each) => all + each, 0)
        if (sum > amount) this.#fault(event, `${sum} of ${amount} ${unit} are taken at ${place}`)
      }
    }
  }

  /** One that has said nothing may have what somebody serves; as long as nobody names a place, everything. */
  #mayHave(worker: string, place: string): boolean {
    const lists = this.#serves.has(worker) ? [this.#serves.get(worker) ?? []] : [...this.#serves.values()]
    const fits = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(place)
    const isOpen = !this.#serves.has(worker) && lists.every((list) => list.length === 0)
    return isOpen || lists.some((list) => list.some(fits))
  }

  /** Nobody runs more at once than his share; those without models block nobody. */
  #checkShare(event: RecordedEvent & { readonly type: 'started' }): void {
    const fairKey = this.#lives.get(event.jobId)?.fairKey ?? null
    if (fairKey === null || event.models.length === 0) return
    const tierOf = (key: string | null) => /^([^/]*)\//.exec(key ?? '')?.[1]
    const tier = this.#policy?.tiers?.[tierOf(fairKey) ?? '']
    const running = this.#running().filter(({ models }) => models.length > 0)
    const own = running.filter((life) => life.fairKey === fairKey).length
    const all = running.filter((life) => tierOf(life.fairKey) === tierOf(fairKey)).length
    const most = tier?.maxActive ?? this.#policy?.fairShare?.maxActive ?? Number.POSITIVE_INFINITY
    if (own > most) this.#fault(event, `${own} of ${fairKey} run`)
    if (all > (tier?.maxTogether ?? Number.POSITIVE_INFINITY))
      this.#fault(event, `${all} like ${fairKey} run`)
  }

  /** Every window, wherever it begins, from the last change of the rules on. */
  #checkRate(event: RecordedEvent & { readonly type: 'started' }, model: string): void {
    const rate = this.#policy?.rate[model]
    this.#starts.push({ model, at: event.at })
    if (rate === undefined) return
    const from = event.at - rate.perSeconds * 1_000_000
    const within = this.#starts.filter((start) => start.model === model && start.at >= from).length
    if (within > rate.starts) this.#fault(event, `${within} starts of ${model} in ${rate.perSeconds} s`)
  }

  /** What those that run expect to use counts, and what those that ended have used: in every window that ends with a start. */
  #checkUse(event: RecordedEvent & { readonly type: 'started' }, resource: string): void {
    const rule = event.models.length === 0 ? undefined : this.#policy?.uses?.[resource]
    const windows = rule === undefined ? [] : 'limit' in rule ? [rule] : rule
    const reserved = this.#running()
      .filter(({ models }) => models.length > 0)
      .reduce((sum, { uses }) => sum + (uses[resource] ?? 0), 0)
    for (const { limit, perSeconds } of windows) {
      const recent = this.#used.filter(
        (use) => use.resource === resource && use.at >= event.at - perSeconds * 1_000_000,
      )
      const all = recent.reduce((sum, { amount }) => sum + amount, reserved)
      if (all > limit) this.#fault(event, `${all} of ${resource} in ${perSeconds} s`)
    }
  }

  #settle(event: RecordedEvent & { readonly jobId: string }, used: Uses = {}): void {
    const life = this.#lives.get(event.jobId)
    if (life === undefined || life.token === null || life.models.length === 0) return
    for (const [resource, amount] of Object.entries({ ...life.uses, ...used }))
      this.#used.push({ resource, at: event.at, amount })
  }

  #ended(event: RecordedEvent, jobId: string, token: number | null, final: boolean): void {
    const life = this.#lives.get(jobId)
    if (life === undefined) return this.#fault(event, 'the job ended before')
    if (life.token !== token) this.#fault(event, `the job runs under ${life.token}`)
    life.token = null
    if (final) this.#lives.delete(jobId)
  }

  #requeued(event: RecordedEvent & { readonly type: 'requeued' }): void {
    const life = this.#lives.get(event.jobId)
    if (life === undefined) return this.#fault(event, 'the job ended before')
    if (event.models !== undefined) life.models = event.models
    if (event.reason !== 'retry' && event.reason !== 'lease_expired') life.givenBack++
  }

  #released(event: RecordedEvent & { readonly type: 'model_released' }): void {
    const { jobId, model, token } = event
    const life = this.#lives.get(jobId)
    if (life?.token !== token) return this.#fault(event, `the job runs under ${life?.token}`)
    if (!life.held.includes(model) || this.#running().some((one) => one !== life && one.batch === life.batch))
      this.#fault(event, `it does not have ${model} by itself`)
    life.held = life.held.filter((name) => name !== model)
    life.places = Object.fromEntries(Object.entries(life.places).filter(([name]) => name !== model))
  }

  #running(): readonly Life[] {
    return [...this.#lives.values()].filter((life) => life.token !== null)
  }

  #fault(event: RecordedEvent, what: string): void {
    this.faults.push(`${event.seq} ${event.type}: ${what}`)
  }
}
