import {
  type AttemptKey,
  type Decision,
  endsAttempt,
  jobOf,
  type Ledger,
  type RecordedEvent,
  type Started,
  sqlstateOf,
} from '../../core/index.ts'
import type { AppendRequest, AppendRole, DataRole, JobData } from '../../store/index.ts'
import type { LogView } from '../replica/log-view.ts'

export interface StartedDataOptions {
  readonly store: Pick<DataRole, 'data'>
  readonly queue: string
  readonly workerId: () => string
  /** Any job may carry the context of a trace: of each there may be something to bring. */
  readonly all?: boolean
}

interface KeptData {
  readonly token: number
  readonly data: JobData
}

interface WantedData {
  readonly jobId: string
  readonly resolve: (data: JobData | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Ids in one call of the store. */
const MOST_IDS = 1_000

/**
 * The data that handlers need of the jobs they begin. The append that starts a job brings it, so that a hand-off is one round
 * trip. What the append could not bring is read: one call for everything that is asked for in one turn of the event loop.
 */
export class StartedData {
  readonly #options: StartedDataOptions
  /** By job. Never more than this process runs. */
  readonly #kept = new Map<string, KeptData>()
  #asking: WantedData[] = []

  constructor(options: StartedDataOptions) {
    this.#options = options
  }

  /** Jobs that the decision starts here and that have data to bring. Undefined: none. */
  wantedOf({ results }: Decision): readonly string[] | undefined {
    const workerId = this.#options.workerId()
    const wanted = results.flatMap((result) => (result.ok ? result.started : []))
    const all = this.#options.all === true
    const ours = wanted.filter((start) => start.workerId === workerId && (all || mayHaveData(start)))
    return ours.length === 0 ? undefined : ours.map(({ spec }) => spec.jobId)
  }

  /** Keeps the data of started jobs that the append has brought. */
  keep(events: readonly RecordedEvent[], data: readonly JobData[]): void {
    const tokens = new Map(
      events.flatMap((event) => (event.type === 'started' ? [[event.jobId, event.seq]] : [])),
    )
    for (const one of data) {
      const token = tokens.get(one.jobId)
      if (token !== undefined) this.#kept.set(one.jobId, { token, data: one })
    }
  }

  /** Keeps the data that came with attempts that another process has started for this one. */
  keepOf(started: readonly Started[], data: readonly JobData[]): void {
    const tokens = new Map(started.map(({ lease }) => [lease.jobId, lease.fencingToken]))
    for (const one of data) {
      const token = tokens.get(one.jobId)
      if (token !== undefined) this.#kept.set(one.jobId, { token, data: one })
    }
  }

  /** Drops the data of attempts that have ended. */
  see(event: RecordedEvent): void {
    if (this.#kept.size > 0 && endsAttempt(event)) this.#kept.delete(event.jobId)
  }

  /** The data of a job that this process runs. @throws what the store throws */
  async take({ jobId, fencingToken }: AttemptKey): Promise<JobData | undefined> {
    const kept = this.#kept.get(jobId)
    this.#kept.delete(jobId)
    return kept?.token === fencingToken ? kept.data : this.#read(jobId)
  }

  #read(jobId: string): Promise<JobData | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asking.length === 0) setImmediate(() => void this.#readAll())
      this.#asking.push({ jobId, resolve, reject })
    })
  }

  async #readAll(): Promise<void> {
    const asking = this.#asking
    this.#asking = []
    for (let from = 0; from < asking.length; from += MOST_IDS) {
      await this.#answer(asking.slice(from, from + MOST_IDS))
    }
  }

  /** A row that the server cannot read must not stop the others: it is found by halves. */
  async #answer(asking: readonly WantedData[]): Promise<void> {
    const { store, queue } = this.#options
    try {
      const data = await store.data(queue, [...new Set(asking.map(({ jobId }) => jobId))])
      const byId = new Map(data.map((one) => [one.jobId, one]))
      for (const { jobId, resolve } of asking) resolve(byId.get(jobId))
    } catch (error) {
      if (asking.length === 1 || !isRefusedByServer(error)) {
        for (const { reject } of asking) reject(error)
        return
      }
      const half = Math.ceil(asking.length / 2)
      await this.#answer(asking.slice(0, half))
      await this.#answer(asking.slice(half))
    }
  }
}

const isRefusedByServer = (error: unknown): boolean => sqlstateOf(error) !== undefined

/** False for the first start of a job that was enqueued without data. */
export function mayHaveData({ spec, attempt, postponed }: Started): boolean {
  return spec.hasData === true || attempt + postponed > 1
}

/**
 * An append brings the data that handlers need of the jobs that it starts, but not their rows in the user's table: it must not
 * touch that table under the queue's lock. So this reads the rows at the same time, over another connection. Otherwise each
 * hand-off of a job that came as a row would take two round trips, one after the other. If a row cannot be read now, its handler
 * reads it again, and reports the error.
 */
export function withRowsAhead(
  store: Pick<AppendRole, 'append'> & Pick<DataRole, 'data'>,
  log: Pick<LogView, 'ledger'>,
): AppendRole['append'] {
  return async (request) => {
    const ids = rowsOf(request, log.ledger)
    if (ids.length === 0) return store.append(request)
    const reading: Promise<readonly JobData[]> = store.data(request.queue, ids).catch(() => [])
    const answer = await store.append(request)
    if (!answer.ok) return answer
    return { ...answer, data: [...(answer.data ?? []), ...(await reading)] }
  }
}

/** Where each call has its price, the append reads the rows too, before it locks the queue. After one that failed, the next does without. */
export function withRowsAlong(
  append: AppendRole['append'],
  log: Pick<LogView, 'ledger'>,
): AppendRole['append'] {
  let goesWell = true
  return async (request) => {
    const rows = goesWell ? rowsOf(request, log.ledger) : []
    goesWell = rows.length === 0
    const answer = await append(rows.length === 0 ? request : { ...request, rows })
    goesWell = true
    return answer
  }
}

/**
 * The wanted jobs that may have come as a row: those that have data beside the log which is not a payload. Only first attempts:
 * what an attempt notes until its end counts for the next one, so that has to be read after the start.
 */
function rowsOf({ wanted = [] }: AppendRequest, ledger: Ledger): readonly string[] {
  const ids = wanted.filter((jobId) => {
    const job = jobOf(ledger, jobId)
    return job?.attempt === 0 && job.spec.hasData === true && job.spec.payloadHash === undefined
  })
  return ids.slice(0, MOST_IDS)
}
