import { defer, filter, map, type Observable, startWith } from 'rxjs'
import { CoordinatorActor, type CoordinatorActorOptions } from '../../machines/index.ts'
import { parseJobId, parseSeq } from '../codec/index.ts'
import { type Explanation, explainJob, type Ledger, type RecordedEvent } from '../core/index.ts'
import { hasWorkerAmong, type LogRole, type MembershipRole, PAGE, type StoreTraits } from '../port/index.ts'
import type { Health } from './api/calls.ts'
import { Counter, type QueueMetrics, type QueueView, queueMetrics, queueView, toDate } from './api/view.ts'
import type { Member } from './membership/member.ts'
import { eventsFrom, pagesOf, pullEvents, type StreamSource, standingOf } from './replica/streams.ts'

export type ObserverStore = Pick<LogRole, 'read'> &
  Pick<MembershipRole, 'workers'> &
  Pick<StoreTraits, 'name'>

/** The reading side of a coordinator: the queue as this process knows it, what it tells of, and how the process stands. */
export class Observer {
  readonly #member: Member
  readonly #store: ObserverStore
  readonly #counter = new Counter()

  constructor(member: Member, store: ObserverStore) {
    this.#member = member
    this.#store = store
  }

  /** An event that this process has folded. */
  see(event: RecordedEvent): void {
    this.#counter.see(event)
  }

  async explain(jobId: string): Promise<Explanation | undefined> {
    parseJobId(jobId)
    await this.#member.catchUp()
    const workers = await this.#store.workers(this.#queue)
    return explainJob(this.#member.ledger, jobId, this.#member.log.now(), hasWorkerAmong(workers))
  }

  state(): QueueView {
    return queueView(this.#queue, this.#member.ledger, this.#member.log.now())
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
    return this.#member.following(this.heard$)
  }

  get heard$(): Observable<RecordedEvent> {
    return this.#member.log.replica.events$
  }

  eventsFrom(after: number): Observable<RecordedEvent> {
    return eventsFrom(this.#source, parseSeq(after))
  }

  pullEvents(after: number, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<RecordedEvent> {
    return pullEvents(this.#source, parseSeq(after), this.#changes$, signal)
  }

  waiting$(jobId: string): Observable<Explanation> {
    return standingOf(
      parseJobId(jobId),
      () => this.#member.ledger,
      () => this.#member.log.now(),
      this.#changes$,
    )
  }

  machine(options: CoordinatorActorOptions = {}): CoordinatorActor {
    const actor = new CoordinatorActor(this.#member.ledger, options)
    const fresh$ = this.events$.pipe(filter(({ seq }) => seq > actor.ledger.version))
    fresh$.subscribe({ next: (event) => actor.feed(event), complete: () => actor.stop() })
    // Ahead of what it was fed with: events were passed over that nobody can read any more.
    this.#changes$.subscribe((ledger) => ledger.version > actor.ledger.version && actor.restore(ledger))
    return actor
  }

  health(): Health {
    const { ledger, lease, failures, workerId, appends } = this.#member
    return {
      queue: this.#queue,
      store: this.#store.name,
      workerId,
      ok: failures.text === null && !lease.lost,
      reachable: !failures.isOutage,
      leaseLost: lease.lost,
      leaseExpiresAt: toDate(lease.expiresAt),
      version: ledger.version,
      activeCount: ledger.active.size,
      waitingCount: ledger.jobs.size - ledger.active.size,
      counts: appends.counts,
      lastError: failures.text,
    }
  }

  metrics(): QueueMetrics {
    const { log, ledger } = this.#member
    return queueMetrics(ledger, log.now(), log.head, this.#counter.counts)
  }

  get #queue(): string {
    return this.#member.log.queue
  }

  get #changes$(): Observable<Ledger> {
    return this.#member.following(this.#member.log.replica.changes$)
  }

  get #source(): StreamSource {
    return {
      read: pagesOf(this.#queue, (after) => this.#store.read(this.#queue, after, PAGE)),
      version: () => this.#member.log.version,
      live$: this.events$,
    }
  }
}
