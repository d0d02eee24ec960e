/** A queue in memory for tests of flows: each command is decided on its own. */
import { expect } from 'vitest'
import {
  type Command,
  type CommandBody,
  decide,
  emptyLedger,
  type JobOutcome,
  jobOf,
  type Ledger,
  LedgerReader,
  outcomeOf,
  type RecordedEvent,
  replay,
  snapshotLines,
} from '../../../src/engine/core/index.ts'
import { enqueueBody, parseJobs } from '../../../src/engine/events/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'

/** One queue. */
export class Flow {
  ledger: Ledger = emptyLedger
  readonly log: RecordedEvent[] = []
  /** How jobs ended, as a store would say it. */
  readonly ended = new Map<string, JobOutcome | null>()
  now = 1_700_000_000_000_000
  #commands = 0

  send(body: CommandBody, workerId = 'w') {
    this.now += 1_000
    const command: Command = { id: `c${++this.#commands}`, hash: 1, workerId, body }
    const { now, ended } = this
    const decision = decide(this.ledger, [command], { now, deadWorkers: new Set(), ended })
    this.ledger = decision.ledger
    this.log.push(...decision.events)
    for (const event of decision.events) {
      const outcome = outcomeOf(event)
      if (outcome !== null && 'jobId' in event) ended.set(event.jobId, outcome)
    }
    const [result] = decision.results
    return { events: decision.events, result, missing: decision.missing }
  }

  enqueue(jobs: readonly object[]) {
    return this.send(enqueueBody(parseJobs(jobs.map((job) => ({ models: [], ...job })))))
  }

  /** The handler of a running job adds these. */
  add(runner: string, jobs: readonly object[], token = this.job(runner)?.token ?? 0) {
    const body = enqueueBody(parseJobs(jobs.map((job) => ({ models: [], ...job }))))
    return this.send({ ...body, under: { jobId: runner, token } })
  }

  /** Runs it, and ends it. @param retryAt when it is tried again, if it fails and attempts are left; null: it is not */
  end(jobId: string, how: 'complete' | 'fail' | 'cancel', retryAt: number | null = null) {
    const job = this.job(jobId)
    if (how === 'cancel') return this.send({ type: 'cancel', jobId, force: true })
    if (job?.active !== true) this.send({ type: 'take_up', jobId, wait: false })
    const token = this.job(jobId)?.token ?? 0
    if (how === 'complete') return this.send({ type: 'complete', jobId, token })
    return this.send({ type: 'fail', jobId, token, code: 'handler_error', retryAt })
  }

  job(jobId: string) {
    return jobOf(this.ledger, jobId)
  }

  /** What a restarted process, or a reader of the log, makes of it. */
  check(): void {
    const idsOf = ({ jobs }: Ledger) => [...jobs].map(({ jobId }) => jobId)
    expect(idsOf(replay(this.log))).toEqual(idsOf(this.ledger))
    expect(audit(this.log).violations).toEqual([])
  }
}

/** One with these jobs. */
export const flowOf = (...jobs: readonly object[]): Flow => {
  const flow = new Flow()
  flow.send({ type: 'set_policy', policy: { ...flow.ledger.policy, maxActive: null } })
  expect(flow.enqueue(jobs).result).toMatchObject({ ok: true })
  return flow
}
/** `failed b`. */
export const typesOf = (events: readonly RecordedEvent[]) =>
  events.map((event) => ('jobId' in event ? `${event.type} ${event.jobId}` : event.type))

/** The ledger as a snapshot keeps it. */
export function readBack(ledger: Ledger): Ledger {
  const reader = new LedgerReader(ledger.version)
  for (const line of snapshotLines(ledger))
    if (line !== null) reader.push(JSON.parse(JSON.stringify(line)) as Parameters<typeof reader.push>[0])
  const steps = reader.finish()
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}
