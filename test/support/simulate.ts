/** Plays runs against the core, one command per decision, the way a shell with a perfect store would. */
import {
  type Command,
  type CommandBody,
  type Decision,
  decide,
  emptyLedger,
  hash,
  type Job,
  type JobLinks,
  type JobOutcome,
  type JobSpec,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  outcomeOf,
  type RecordedEvent,
  type ScheduleWish,
  type Surroundings,
  type Uses,
} from '../../src/engine/core/index.ts'
import { payloadHash } from '../../src/engine/events/payload-hash.ts'
import type { Act, ScheduleWishes, Step, TokenChoice, Wish } from './commands.ts'

/** One command and what came of it. */
export interface Turn {
  readonly command: Command
  readonly surroundings: Surroundings
  readonly before: Ledger
  readonly decision: Decision
}

const START = 1_700_000_000_000_000
const WORKERS = 4

/** What the steps are told about: the ledger, the time, and which processes there are and were. */
export class World {
  ledger: Ledger = emptyLedger
  now = START
  readonly dead = new Set<string>()
  /** What jobs that are over were, the last one last. */
  readonly over: JobSpec[] = []
  /** How they ended, as a store would say it. */
  readonly ended = new Map<string, JobOutcome>()
  readonly #incarnations = new Array<number>(WORKERS).fill(0)
  #commands = 0

  /** Lets time pass, then carries the step out. */
  play(step: Step): Turn {
    this.now += step.elapsed
    return this.act(step)
  }

  act(step: Step): Turn {
    const workerId = this.#workerOf(step)
    if (step.act.type === 'die') this.#die(step.worker % WORKERS)
    const body = bodyOf(step.act, this)
    const id = `c${++this.#commands}`
    const claim = body.type === 'claim' ? (step.claim ?? { max: 1, kinds: null }) : step.claim
    const command = { id, hash: hashOf(body), workerId, body, ...(claim && { claim }) }
    return this.run(command)
  }

  run(command: Command): Turn {
    const surroundings = { now: this.now, deadWorkers: new Set(this.dead), ended: new Map(this.ended) }
    const before = this.ledger
    const decision = decide(before, [command], surroundings)
    this.ledger = decision.ledger
    for (const event of decision.events) {
      const job = 'jobId' in event ? jobOf(before, event.jobId) : undefined
      if (job !== undefined && jobOf(decision.ledger, job.jobId) === undefined) this.over.push(bare(job.spec))
      const outcome = outcomeOf(event)
      if (outcome !== null && 'jobId' in event) this.ended.set(event.jobId, outcome)
    }
    return { command, surroundings, before, decision }
  }

  /** Seldom a process speaks whose lease is over. */
  #workerOf({ worker }: Step): string {
    const gone = [...this.dead]
    if (worker === 99 && gone.length > 0) return gone.at(-1) as string
    return this.#idOf(worker % WORKERS)
  }

  #idOf(worker: number): string {
    return `w${worker}.${this.#incarnations[worker]}`
  }

  #die(worker: number): void {
    this.dead.add(this.#idOf(worker))
    this.#incarnations[worker] = (this.#incarnations[worker] ?? 0) + 1
  }
}

export function play(steps: readonly Step[]): readonly Turn[] {
  const world = new World()
  return steps.map((step) => world.play(step))
}

/** What they put into the log. */
export const eventsOf = (turns: readonly Turn[]): readonly RecordedEvent[] =>
  turns.flatMap(({ decision }) => decision.events)

function bodyOf(act: Act, world: World): CommandBody {
  const { ledger, now } = world
  switch (act.type) {
    case 'enqueue':
      return {
        type: 'enqueue',
        specs: act.wishes.map((wish) => keyedSpecOf(wish, now)),
        links: act.wishes.flatMap(linksOf),
      }
    case 'retry':
      return { type: 'enqueue', specs: pickFrom(world.over.slice(-20), act.pick).map(unkeyed), again: true }
    case 'enqueue_again':
      return { type: 'enqueue', specs: pickFrom([...ledger.jobs], act.pick).map((job) => job.spec) }
    case 'ask':
      return { type: 'ask', spec: specOf({ ...act.wish, after: [] }, now), wait: act.wait }
    case 'ask_again': {
      const [job] = pickFrom([...ledger.jobs], act.pick)
      return job === undefined ? { type: 'tick' } : { type: 'ask', spec: job.spec, wait: act.wait }
    }
    case 'take_up':
      return { type: 'take_up', jobId: waiting(ledger, act.pick), wait: act.wait }
    case 'unask':
      return { type: 'unask', jobId: waiting(ledger, act.pick) }
    case 'claim':
    case 'drain':
    case 'resume':
    case 'tick':
    case 'leave':
      return { type: act.type }
    case 'die':
      return { type: 'tick' }
    case 'expire_leases':
      return { type: 'expire_leases', workerIds: [...world.dead], retryAt: now }
    case 'complete':
      return { type: 'complete', ...held(ledger, act.pick, act.token), ...usedIn(act) }
    case 'fail': {
      const retryAt = act.delayMs === null ? null : now + act.delayMs * MICROS_PER_MS
      return {
        type: 'fail',
        ...held(ledger, act.pick, 'right'),
        code: 'handler_error',
        retryAt,
        ...usedIn(act),
      }
    }
    case 'release': {
      const { jobId, token } = held(ledger, act.pick, 'right')
      const runAt = act.delayMs === null ? null : now + act.delayMs * MICROS_PER_MS
      const models = act.models === null ? {} : { models: act.models }
      return { type: 'release', jobId, token: token ?? 0, reason: 'later', runAt, ...models }
    }
    case 'detach': {
      const { jobId, token } = held(ledger, act.pick, 'right')
      return { type: 'detach', jobId, token: token ?? 0, until: now + act.forMs * MICROS_PER_MS }
    }
    case 'done': {
      const { jobId, token } = held(ledger, act.pick, act.token)
      const { models = [] } = jobOf(ledger, jobId)?.spec ?? {}
      return { type: 'done', jobId, token: token ?? 0, model: models[act.nth % models.length] ?? 'ghost' }
    }
    case 'cancel':
      return {
        type: 'cancel',
        jobId: pickFrom([...ledger.jobs], act.pick)[0]?.jobId ?? 'ghost',
        force: act.force,
        ...(act.descendants === true ? { descendants: true } : {}),
      }
    case 'add': {
      const awaited = [...ledger.jobs].filter(
        (job) => job.active && (ledger.flows.get(job)?.children.size ?? 0) > 0,
      )
      const [runner] = pickFrom(awaited, act.pick)
      const { jobId, token } =
        runner === undefined || act.token !== 'right' ? held(ledger, act.pick, act.token) : runner
      const specs = act.wishes.map((wish) => keyedSpecOf(wish, now))
      const links = act.wishes.flatMap(linksOf)
      return { type: 'enqueue', specs, links, under: { jobId, token: token ?? 0 } }
    }
    case 'confirm_cancel': {
      const { jobId, token } = held(ledger, act.pick, 'right')
      return { type: 'confirm_cancel', jobId, token: token ?? 0 }
    }
    case 'reprioritize':
      return { type: 'reprioritize', jobId: waiting(ledger, act.pick), priority: act.priority }
    case 'move':
      return { type: 'reprioritize', jobId: waiting(ledger, act.pick), before: waiting(ledger, act.before) }
    case 'pause_model': {
      const until = act.forMs === null ? null : now + act.forMs * MICROS_PER_MS
      return { type: 'pause_model', model: act.model, reason: 'by_hand', until }
    }
    case 'resume_model':
      return { type: 'resume_model', model: act.model }
    case 'set_policy':
      return { type: 'set_policy', policy: act.policy }
    case 'set_schedules': {
      const schedules = act.wishes.map((wish) => scheduleOf(wish, now, ledger))
      return { type: 'set_schedules', owner: act.owner, revision: act.revision, schedules }
    }
    case 'remove_schedule':
    case 'pause_schedule':
      return { type: act.type, schedule: act.id }
    case 'resume_schedule':
      return { type: 'resume_schedule', schedule: act.id, next: now + (act.inMs ?? 1) * MICROS_PER_MS }
    case 'fire':
      return fireOf(ledger, now, act)
  }
}

/** Where it is new, or was removed, its first due time is to come; unless the command was long on its way. */
function scheduleOf(
  { id, inMs, everyMs, models, isLate = false, ...rule }: ScheduleWishes,
  now: number,
  ledger: Ledger,
): ScheduleWish {
  const job = { jobType: 'normal', kind: 'normal', models, priority: 0, attempts: 2 } as const
  const rest = { timeoutMs: 60_000, expireMs: null, fairKey: null }
  const mayBePast = isLate || [...ledger.schedules].some(({ schedule }) => schedule === id)
  const next = now + (mayBePast ? inMs : Math.abs(inMs) + 1) * MICROS_PER_MS
  return { id, next, rule: { everyMs, tz: 'UTC', ...rule, job: { ...job, ...rest } } }
}

/** As a process would: the last due times that have come, and the one after them. */
function fireOf(ledger: Ledger, now: number, { pick, off }: Act & { type: 'fire' }): CommandBody {
  const [found] = pickFrom([...ledger.schedules], pick)
  const due = (found?.next ?? now) + off
  const every = (found?.rule.everyMs ?? 1_000) * MICROS_PER_MS
  const count = Math.max(0, Math.floor((now - due) / every) + 1)
  const times = Array.from({ length: count }, (_, i) => due + i * every).slice(-5)
  const next = due + Math.max(1, count) * every
  return { type: 'fire', schedule: found?.schedule ?? 'none', due, times, next, payloadHash: undefined }
}

const usedIn = ({ used }: { readonly used?: Uses }) => (used === undefined ? {} : { used })

/**
 * In an order of its own: a spec of the ledger may have the order of an equal one that another test has put in line, since all ledgers of a process
 * share the specs of their resting jobs.
 */
const hashOf = (body: CommandBody): number => payloadHash(JSON.parse(JSON.stringify(body)))

/** A job that is tried again after its end has no key. */
const unkeyed = ({ dedupe: _, ...spec }: JobSpec): JobSpec => spec

/** Only a job that is enqueued has a key; one that waits for others of its key has no time of its own. */
function keyedSpecOf(wish: Wish, now: number): JobSpec {
  const { dedupe } = wish
  const spec = specOf(dedupe?.debounce === undefined ? wish : { ...wish, delayMs: null }, now)
  return dedupe === null ? spec : { ...spec, dedupe }
}

function specOf({ id, delayMs, dedupe: _, after, whole: count = 0, ...wish }: Wish, now: number): JobSpec {
  const runAt = delayMs === null ? null : now + delayMs * MICROS_PER_MS
  const links = after.length === 0 ? {} : { after: hash(JSON.stringify(after)) }
  const whole = wish.models.slice(0, count)
  const taken = whole.length === 0 ? {} : { whole }
  return { jobId: `j${id}`, jobType: 'normal', ...wish, runAt, ...links, ...taken }
}

function linksOf({ id, after }: Wish): readonly JobLinks[] {
  if (after.length === 0) return []
  const choices = after.map(({ id: parent, goesOn }) => ({
    job: `j${parent}`,
    ...(goesOn ? { goesOn } : {}),
  }))
  return [{ jobId: `j${id}`, after: choices }]
}

/** Who tries it again does not name what it came after. */
function bare({ after: _, ...spec }: JobSpec): JobSpec {
  return spec
}

function held(ledger: Ledger, pick: number, token: TokenChoice): { jobId: string; token: number | null } {
  const job = choose(ledger, pick, true)
  if (job === undefined) return { jobId: `j${pick % 30}`, token: 1 }
  return { jobId: job.jobId, token: token === 'right' ? job.token : token === 'none' ? null : job.token - 1 }
}

function waiting(ledger: Ledger, pick: number): string {
  return choose(ledger, pick, false)?.jobId ?? 'ghost'
}

/** One choice in ten is a job in another state, or one that is not live. */
function choose(ledger: Ledger, pick: number, active: boolean): Job | undefined {
  if (pick % 10 === 9) return jobOf(ledger, `j${pick % 30}`)
  return pickFrom(
    [...ledger.jobs].filter((job) => job.active === active),
    pick,
  )[0]
}

function pickFrom<T>(list: readonly T[], pick: number): readonly T[] {
  return list.slice(pick % Math.max(1, list.length)).slice(0, 1)
}
