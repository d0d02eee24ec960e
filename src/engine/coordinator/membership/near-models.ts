import {
  bareName,
  countsOf,
  fits,
  idlePause,
  idleServes,
  idleUnits,
  idleUses,
  isDeclared,
  isMeter,
  isPattern,
  isPlace,
  isSite,
  type Ledger,
  nearPattern,
  type Policy,
  pauseOf,
  type RecordedEvent,
} from '../../core/index.ts'
import type { Logger } from '../base/logger.ts'
import type { Applied } from '../replica/replica.ts'
import type { Slips } from './slips.ts'

/** With more names than this, what is known of them begins again: only warnings are lost. */
const MOST_NAMES = 10_000

/** Who names a model, as the beginning of a sentence; a job by its id, too. */
interface Namer {
  readonly says: string
  readonly jobId?: string
}

/**
 * Warns, once a name, of models that are probably another one: two spellings of one model are two models, and their jobs run side by side.
 * Refusing is up to the policy, which may declare the models that there are. The process that has put the job in line warns, or that
 * has set the policy or the pause.
 */
export class NearModels {
  readonly #logger: Logger
  readonly #slips: Slips
  /** By each name, all that differ from it by case, blanks, `-` and `_` alone. */
  readonly #groups = new Map<string, Set<string>>()
  readonly #byBareName = new Map<string, Set<string>>()
  readonly #warned = new Set<string>()
  #policy: Policy | undefined

  constructor(logger: Logger, slips: Slips) {
    this.#logger = logger
    this.#slips = slips
  }

  /** @param ledger after these events, which come after `before` */
  see({ before, events, isOwn }: Applied, ledger: Ledger): void {
    if (this.#policy === undefined) {
      this.#learnLive(before)
      this.#learn(before.policy)
    }
    for (const event of events) this.#seeEvent(event, ledger, isOwn)
  }

  #seeEvent(event: RecordedEvent, ledger: Ledger, isOwn: boolean): void {
    switch (event.type) {
      case 'queued':
      case 'requeued': {
        const models = event.type === 'queued' ? event.spec.models : event.models
        const namer = { says: `Job ${event.jobId} needs`, jobId: event.jobId }
        for (const model of models ?? []) this.#meet(model, namer, ledger, isOwn)
        if (isOwn && event.type === 'queued')
          this.#slips.tell(idleUses(ledger.policy, event.spec.uses), `Job ${event.jobId}: `)
        return
      }
      case 'policy_changed': {
        if (isOwn) this.#slips.tell(idleUnits(event.policy), 'The policy: ')
        const before = new Set(namesIn(this.#policy))
        const named = namesIn(event.policy).filter((name) => !before.has(name))
        for (const model of named) this.#meet(model, { says: 'The policy names' }, ledger, isOwn)
        return
      }
      case 'schedule_set':
        if (isOwn) this.#slips.tell(idleUses(ledger.policy, event.job.uses), `Schedule ${event.schedule}: `)
        return
      case 'worker_serves':
        if (isOwn) this.#slips.tell(idleServes(ledger.policy, event.places ?? []), 'A process: ')
        return
      case 'model_paused':
        if (isPlace(ledger.policy, event.model)) return
        if (isOwn && isDeclared(ledger.policy, event.model))
          this.#slips.tell(idlePause(ledger, event.model, this.#groups.keys()), 'A pause: ')
        return this.#meet(event.model, { says: 'A pause names' }, ledger, isOwn)
    }
  }

  #meet(model: string, namer: Namer, ledger: Ledger, isOwn: boolean): void {
    if (ledger.policy !== this.#policy) this.#learn(ledger.policy)
    const group = this.#groups.get(model) ?? this.#add(model)
    if (!isOwn || this.#warned.has(model)) return
    const { policy } = ledger
    if (!isDeclared(policy, model)) {
      this.#warned.add(model)
      return this.#warnOfUndeclared(model, namer)
    }
    if (policy.models !== undefined) return
    const other =
      [...group].find((name) => name !== model && isKnown(ledger, name)) ?? nearRule(policy, model)
    if (other === undefined) return
    this.#warned.add(model)
    this.#warnOfNear(model, other, namer)
  }

  /** Jobs that were live before this process saw events. */
  #learnLive({ models }: Ledger): void {
    for (const { model } of models)
      if (this.#groups.size < MOST_NAMES && !isSite(model) && !isMeter(model)) this.#add(model)
  }

  #learn(policy: Policy): void {
    this.#policy = policy
    for (const model of namesIn(policy)) this.#add(model)
  }

  #add(model: string): Set<string> {
    if (this.#groups.size >= MOST_NAMES) {
      for (const names of [this.#groups, this.#byBareName, this.#warned]) names.clear()
    }
    const bare = bareName(model)
    const group = this.#byBareName.get(bare) ?? new Set()
    group.add(model)
    this.#byBareName.set(bare, group)
    this.#groups.set(model, group)
    return group
  }

  #warnOfNear(model: string, other: string, { says, jobId }: Namer): void {
    this.#logger.warn(
      `[COORDINATOR] ${says} the model ${JSON.stringify(model)}, which differs little from ${JSON.stringify(other)}: they are two models, and jobs of both run at the same time. If one is meant, correct the name, and declare the models that there are: npx interlock-queue policy set --models <model>`,
      { event: 'model.near', job_id: jobId, model },
    )
  }

  #warnOfUndeclared(model: string, { says, jobId }: Namer): void {
    const then = jobId === undefined ? ':' : '. It was in the queue before, so it goes on;'
    this.#logger.warn(
      `[COORDINATOR] ${says} the model ${JSON.stringify(model)}, which the policy does not declare${then} new jobs that need the model are refused`,
      { event: 'model.not_declared', job_id: jobId, model },
    )
  }
}

const keysIn = ({ capacity, rate, holdAfterLossSeconds, models }: Partial<Policy> = {}): readonly string[] =>
  [capacity, rate, holdAfterLossSeconds, models].flatMap((map) => Object.keys(map ?? {}))

const namesIn = (policy?: Policy): readonly string[] =>
  keysIn(policy).filter((name) => name !== '*' && !isPattern(name))

/** A pattern that was probably meant to have the rules of this model; undefined: none was, or the model has its own. */
function nearRule(policy: Policy, model: string): string | undefined {
  const patterns = keysIn(policy).filter(isPattern)
  return patterns.some((pattern) => fits(pattern, model)) ? undefined : nearPattern(model, patterns)
}

/** The policy names it, or a job that waits or runs needs it. */
function isKnown(ledger: Ledger, model: string): boolean {
  const { held, waiting } = countsOf(ledger, model)
  const isNeeded = waiting + held > 0 || (pauseOf(ledger, model)?.jobs.size ?? 0) > 0
  return isNeeded || namesIn(ledger.policy).includes(model)
}
