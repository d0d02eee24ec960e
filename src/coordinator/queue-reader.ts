import { defer, filter, map, type Observable, startWith } from 'rxjs'
import { CoordinatorActor, type CoordinatorActorOptions } from '../../machines/index.ts'
import { parseJobId, parseSeq } from '../codec/index.ts'
import {
  type Explanation,
  explainJob,
  type InterlockError,
  type Lease,
  type Ledger,
  type Micros,
  type RecordedEvent,
  type Started,
} from '../core/index.ts'
import { PAGE } from '../port/index.ts'
import type { Health } from './api/coordinator.ts'
import { hasWorkerAmong } from './api/has-worker.ts'
import { Counter, type QueueMetrics, queueMetrics } from './api/metrics.ts'
import type { WholeOptions } from './api/options.ts'
import { type QueueView, queueView, toDate } from './api/view.ts'
import type { Logger } from './base/logger.ts'
import type { Member } from './membership/member.ts'
import { eventsFrom, pagesOf, pullEvents, type StreamSource, standingOf } from './replica/streams.ts'

/**
 * The reading side of a coordinator: the queue as this process knows it, what it tells of, and how the process stands.
 */
export abstract class QueueReader {
  protected readonly options: WholeOptions
  protected readonly member: Member
  protected readonly counter = new Counter()

  constructor(options: WholeOptions, member: Member) {
    this.options = options
    this.member = member
  }

  get queue(): string {
    return this.options.queue
  }

  get logger(): Logger {
    return this.member.logger
  }

  get workerId(): string {
    return this.member.workerId
  }

  attempt(lease: Lease): Started | undefined {
    return this.member.attempt(lease)
  }

  async explain(jobId: string): Promise<Explanation | undefined> {
    parseJobId(jobId)
    await this.catchUp()
    const workers = await this.options.store.workers(this.queue)
    return explainJob(this.member.replica.ledger, jobId, this.now(), hasWorkerAmong(workers))
  }

  state(): QueueView {
    return queueView(this.queue, this.member.replica.ledger, this.now())
  }

  get state$(): Observable<QueueView> {
    return defer(() =>
      this.#changes$.pipe(
        map(() => this.state()),
        startWith(this.state()),
      ),
    )
  }

  get events$(): Observable<RecordedEvent> {
    return this.member.attended(this.member.replica.events$)
  }

  get heard$(): Observable<RecordedEvent> {
    return this.member.replica.events$
  }

  eventsFrom(after: number): Observable<RecordedEvent> {
    return eventsFrom(this.#source, parseSeq(after))
  }

  pullEvents(after: number, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<RecordedEvent> {
    return pullEvents(this.#source, parseSeq(after), this.#changes$, signal)
  }

  waiting$(jobId: string): Observable<Explanation> {
    const { replica } = this.member
    return standingOf(
      parseJobId(jobId),
      () => replica.ledger,
      () => this.now(),
      this.#changes$,
    )
  }

  get #changes$(): Observable<Ledger> {
    return this.member.attended(this.member.replica.changes$)
  }

  get #source(): StreamSource {
    const { store } = this.options
    const { replica } = this.member
    return {
      read: pagesOf(this.queue, (after) => store.read(this.queue, after, PAGE)),
      version: () => replica.version,
      live$: this.events$,
    }
  }

  get leaseLost$(): Observable<{ readonly workerId: string }> {
    return this.member.leaseLost$
  }

  get stopped$(): Observable<InterlockError> {
    return this.member.stopped$
  }

  machine(options: CoordinatorActorOptions = {}): CoordinatorActor {
    const actor = new CoordinatorActor(this.member.replica.ledger, options)
    const fresh$ = this.events$.pipe(filter(({ seq }) => seq > actor.ledger.version))
    fresh$.subscribe({ next: (event) => actor.feed(event), complete: () => actor.stop() })
    // Ahead of what it was fed with: events were passed over that nobody can read any more.
    this.#changes$.subscribe((ledger) => ledger.version > actor.ledger.version && actor.restore(ledger))
    return actor
  }

  catchUp(): Promise<void> {
    return this.member.catchUp()
  }

  now(): Micros {
    return this.member.now()
  }

  health(): Health {
    const { replica, lease, lastError, isReachable, workerId, counts } = this.member
    const { ledger } = replica
    return {
      queue: this.queue,
      store: this.options.store.name,
      workerId,
      ok: lastError === null && !lease.lost,
      reachable: isReachable,
      leaseLost: lease.lost,
      leaseExpiresAt: toDate(lease.expiresAt),
      version: ledger.version,
      activeCount: ledger.active.size,
      waitingCount: ledger.jobs.size - ledger.active.size,
      counts,
      lastError,
    }
  }

  metrics(): QueueMetrics {
    const { replica, head } = this.member
    return queueMetrics(replica.ledger, this.now(), head, this.counter.counts)
  }
}
