/** Given, when, then for the rules of the core: each word sends one command, and says in short what was recorded. */
import {
  type Claim,
  type Command,
  type CommandBody,
  type CommandResult,
  decide,
  defaultPolicy,
  emptyLedger,
  explainLive,
  type HasWorker,
  hash,
  type Job,
  type JobRow,
  type JobSpec,
  jobOf,
  type Ledger,
  type LiveExplanation,
  MICROS_PER_MS,
  type Policy,
  projectionChanges,
  projectionOf,
  type RecordedEvent,
  reasonCodeOf,
  specDefaults,
  type Waiting,
  waitingFor,
} from '../../src/engine/core/index.ts'

export interface Told {
  /** The events in short: `started A by w1`, `completed A, offers B`. */
  readonly said: readonly string[]
  readonly events: readonly RecordedEvent[]
  readonly result: CommandResult
}

interface Sender {
  readonly worker?: string
  readonly claim?: Claim
}

type Token = { readonly token?: number | null }

const START = 1_700_000_000_000_000

export class Scenario {
  ledger: Ledger = emptyLedger
  now = START
  readonly log: RecordedEvent[] = []
  readonly deadWorkers = new Set<string>()
  /** Jobs that their handlers end in transactions of their own. */
  readonly ending = new Set<string>()
  /** Jobs that are about to be cancelled. */
  readonly heldBack = new Set<string>()
  readonly #written = new Map<string, JobRow>()

  /** Milliseconds go by. */
  later(ms: number): this {
    this.now += ms * MICROS_PER_MS
    return this
  }

  enqueue(jobId: string, models: readonly string[], spec: Partial<JobSpec> = {}, sender: Sender = {}): Told {
    return this.send({ type: 'enqueue', specs: [specOf(jobId, models, spec)] }, sender)
  }

  ask(
    jobId: string,
    models: readonly string[],
    { wait = false, ...sender }: Sender & { wait?: boolean } = {},
  ): Told {
    return this.send({ type: 'ask', spec: specOf(jobId, models), wait }, sender)
  }

  claim(
    max = 1,
    { kinds = null, worker = 'w1' }: { kinds?: readonly string[] | null; worker?: string } = {},
  ): Told {
    return this.send({ type: 'claim' }, { worker, claim: { max, kinds } })
  }

  complete(jobId: string, { token = this.job(jobId)?.token ?? 0, ...sender }: Sender & Token = {}): Told {
    return this.send({ type: 'complete', jobId, token }, sender)
  }

  fail(jobId: string, retryInMs: number | null, sender: Sender = {}): Told {
    const retryAt = retryInMs === null ? null : this.now + retryInMs * MICROS_PER_MS
    const token = this.job(jobId)?.token ?? 0
    return this.send({ type: 'fail', jobId, token, code: 'handler_error', retryAt }, sender)
  }

  cancel(jobId: string, force = false): Told {
    return this.send({ type: 'cancel', jobId, force })
  }

  policy(policy: Partial<Policy>): Told {
    return this.send({ type: 'set_policy', policy: { ...this.ledger.policy, ...policy } })
  }

  send(body: CommandBody, { worker: workerId = 'w1', claim }: Sender = {}): Told {
    const id = `c${this.log.length}`
    const command: Command = { id, hash: hash(id), workerId, body, ...(claim && { claim }) }
    const { now, deadWorkers, ending, heldBack } = this
    const around = { now, deadWorkers, ending, heldBack }
    const { ledger, events, results, touched } = decide(this.ledger, [command], around)
    const { jobs, gone } = projectionChanges(this.ledger, ledger, touched)
    for (const row of jobs) this.#written.set(row.job_id, row)
    for (const each of gone) this.#written.delete(each)
    this.ledger = ledger
    this.log.push(...events)
    return { said: events.map(say), events, result: results[0] as CommandResult }
  }

  job(jobId: string): Job | undefined {
    return jobOf(this.ledger, jobId)
  }

  reason(jobId: string, hasWorker?: HasWorker): string | undefined {
    const job = this.job(jobId)
    return job && reasonCodeOf(this.ledger, job, this.now, hasWorker)
  }

  /** Active jobs, in line order. */
  running(): readonly string[] {
    return [...this.ledger.active].map((place) => place.jobId)
  }

  /** Due jobs that wait, in line order. */
  line(): readonly string[] {
    return [...this.ledger.line].map((place) => place.jobId)
  }

  offered(): readonly string[] {
    return [...this.ledger.offered].map((place) => place.jobId)
  }

  blockedBy(jobId: string): string | null | undefined {
    return this.row(jobId)?.blocked_by_job_id
  }

  /** What somebody who asks for a waiting job is told. */
  told(jobId: string): Waiting | undefined {
    const job = this.job(jobId)
    return job && waitingFor(this.ledger, job, this.now)
  }

  explain(jobId: string): LiveExplanation | undefined {
    return explainLive({ ledger: this.ledger, now: this.now, workers: null }, jobId)
  }

  row(jobId: string): JobRow | undefined {
    return this.rows().find((row) => row.job_id === jobId)
  }

  /** The rows of the live jobs as the log has them, and as the appends wrote them. */
  rows(): readonly JobRow[] {
    return projectionOf(this.ledger).jobs
  }

  get written(): readonly JobRow[] {
    return [...this.#written.values()].sort((a, b) => (a.job_id < b.job_id ? -1 : 1))
  }
}

/** A queue under the default policy but for what is given. */
export function given(policy: Partial<Policy> = {}): Scenario {
  const scenario = new Scenario()
  if (Object.keys(policy).length > 0) scenario.policy({ ...defaultPolicy, ...policy })
  return scenario
}

export function specOf(jobId: string, models: readonly string[], spec: Partial<JobSpec> = {}): JobSpec {
  return { ...specDefaults, jobId, jobType: 'normal', kind: 'normal', models, ...spec }
}

/** The typed answer of a refused command. */
export function codeOf({ result }: Told): string | undefined {
  return result.ok ? undefined : result.code
}

/** Why the command's jobs wait: `B: model_in_use, A`. */
export function waitingIn({ result }: Told): readonly string[] {
  return result.ok ? result.waiting.map((job) => `${job.jobId}: ${job.code}, ${job.blockedBy}`) : []
}

function say(event: RecordedEvent): string {
  const job = 'jobId' in event ? ` ${event.jobId}` : ''
  const who = event.type === 'started' ? ` by ${event.workerId}` : ''
  const offers = event.offers === undefined ? '' : `, offers ${event.offers.join(' ')}`
  return `${event.type}${job}${who}${offers}`
}
