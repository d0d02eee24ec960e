import { defer, filter, map, type Observable, startWith } from 'rxjs'
import { CoordinatorActor } from '../../../machines/index.ts'
import {
  type Explanation,
  explainJob,
  isDoubtful,
  jobOf,
  positionExplained,
  positionOfJob,
  type RecordedEvent,
} from '../core/index.ts'
import { type KnownKinds, parseJobId, parseSeq } from '../events/index.ts'
import {
  type DataRole,
  type InboxRole,
  type LogRole,
  type NotedProgress,
  PAGE,
  type SnapshotRole,
  type StoreTraits,
} from '../store/index.ts'
import type { Coordinator } from './api/coordinator.ts'
import { Counter, queueMetrics, queueView } from './api/view.ts'
import { Forecaster, pastIn } from './forecaster.ts'
import { healthOf } from './health.ts'
import { type JobReads, jobReadsOf } from './job-reads.ts'
import { endedOf, type JobSources, progressOf } from './job-streams.ts'
import type { Member } from './membership/member.ts'
import { ProgressWatch } from './progress-watch.ts'
import { type Asked, quoteOf } from './quote.ts'
import { eventsFrom, pagesOf, pullEvents, standingOf } from './replica/streams.ts'

type QueryStore = JobReads &
  Pick<LogRole, 'read'> &
  Pick<DataRole, 'watch'> &
  Pick<InboxRole, 'backlog'> &
  Pick<SnapshotRole, 'snapshot' | 'chunk'> &
  Pick<StoreTraits, 'name'>

type QueryCalls = Pick<
  Coordinator,
  | ('explain' | 'state' | 'state$' | 'events$' | 'heard$' | 'eventsFrom' | 'pullEvents' | 'waiting$')
  | (
      | 'beside'
      | 'machine'
      | 'health'
      | 'metrics'
      | 'changes$'
      | 'ledger'
      | 'position'
      | 'quote'
      | 'progress$'
      | 'ended$'
    )
>

/** The reading side of a coordinator: the queue as this process knows it, its events, and the state of the process. */
export interface Queries extends QueryCalls {
  /** An event that this process has folded. */
  see(event: RecordedEvent): void
  /** A running attempt has noted its progress; undefined: notes may have been missed. */
  noted(note: NotedProgress | undefined): void
}

export function queriesOf(member: Member, store: QueryStore, contract: KnownKinds | undefined): Queries {
  const { log } = member
  const { queue } = log
  const counter = new Counter()
  const now = () => log.now()
  const state = () => queueView(queue, member.ledger, now())
  const heard$: Observable<RecordedEvent> = log.replica.events$
  const events$ = member.following(heard$)
  const changes$ = member.following(log.replica.changes$)
  const source = {
    read: pagesOf(queue, (after) => store.read(queue, after, PAGE)),
    version: () => log.version,
    live$: events$,
  }
  const reads = jobReadsOf(store, queue)
  const forecaster = new Forecaster(pastIn(store, queue))
  const watch = new ProgressWatch(log, store)
  const ofJob: JobSources = {
    log,
    explain: (jobId) => explained(member, reads, jobId),
    data: async (jobId) => (await reads.data(queue, [jobId]))[0],
    progress: (jobId) => watch.follow(jobId),
    events$,
    changes$,
  }
  const inLine = async (jobId: string) => {
    await member.catchUp()
    const facts = { ledger: log.ledger, now: now(), workers: await reads.workers(queue) }
    const waits = jobOf(facts.ledger, jobId)?.active === false
    const range = waits ? await forecaster.startOf(facts, jobId) : null
    return positionOfJob(facts, { queue, jobId, range })
  }
  return {
    see: (event) => counter.see(event),
    noted: (note) => watch.receive(note),
    explain: (jobId) => explained(member, reads, parseJobId(jobId)),
    position: async (given) => {
      const jobId = parseJobId(given)
      const position = await inLine(jobId)
      if (!isDoubtful(position)) return position
      const explanation = await explained(member, reads, jobId)
      // It may have come into line meanwhile.
      return positionExplained(queue, position, explanation) ?? inLine(jobId)
    },
    quote: (job) =>
      quoteOf({ queue, store: reads, forecaster, contract, look: () => lookIn(member, reads) }, job),
    progress$: (jobId) => progressOf(ofJob, parseJobId(jobId)),
    ended$: (jobId) => endedOf(ofJob, parseJobId(jobId)),
    state,
    state$: defer(() => changes$.pipe(map(state), startWith(state()))),
    events$,
    heard$,
    changes$: log.replica.moves$,
    ledger: () => member.ledger,
    eventsFrom: (after) => eventsFrom(source, parseSeq(after)),
    pullEvents: (after, { signal } = {}) => pullEvents(source, parseSeq(after), changes$, signal),
    waiting$: (jobId) => standingOf(parseJobId(jobId), () => member.ledger, now, changes$),
    machine: (options = {}) => {
      const actor = new CoordinatorActor(member.ledger, options)
      const fresh$ = events$.pipe(filter(({ seq }) => seq > actor.ledger.version))
      fresh$.subscribe({ next: (event) => actor.feed(event), complete: () => actor.stop() })
      // The ledger is ahead of the machine: events were skipped that no process can read any more.
      changes$.subscribe((ledger) => ledger.version > actor.ledger.version && actor.restore(ledger))
      return actor
    },
    beside: async () => ({ workers: await reads.workers(queue), outside: await store.backlog(queue) }),
    health: () => healthOf(member, store.name),
    metrics: () => queueMetrics(member.ledger, now(), log.head, counter.counts),
  }
}

/** The queue as the next append finds it. */
async function lookIn(member: Member, store: JobReads): Promise<Asked> {
  const { log, workerId, appends } = member
  await member.catchUp()
  const workers = await store.workers(log.queue)
  const preview: Asked['preview'] = (body, known) =>
    appends.preview({ id: 'quote', hash: 0, workerId, body }, known)
  return { ledger: log.ledger, now: log.now(), workers, preview }
}

/** A job moves on while it is looked at: seldom more than once. */
const LOOKS = 3

/** What the tables say belongs to one version of the log. If the job is not live at a later one, they are read again. */
async function explained(member: Member, store: JobReads, jobId: string): Promise<Explanation | undefined> {
  const { log } = member
  for (let looks = 1; ; looks++) {
    const record = await store.ofJob(log.queue, jobId)
    await member.catchUp()
    const workers = await store.workers(log.queue)
    const found = explainJob({ ledger: log.ledger, now: log.now(), workers }, jobId, record)
    const isLive = found?.state === 'waiting' || found?.state === 'active'
    if (isLive || log.version === record.version || looks === LOOKS) return found
  }
}
