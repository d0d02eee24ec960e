import type { Observable } from 'rxjs'
import type { AttemptKey, Declared, JobType, Json } from '../../core/index.ts'
import type {
  JobIn,
  JobsIn,
  MayBeBare,
  NamedPayload,
  NoKind,
  QueueContract,
  ResultIn,
  ScheduledJobIn,
  ScheduleInput,
  ScheduleSpec,
  SentOf,
} from '../../events/index.ts'
import type { JobData } from '../../store/index.ts'
import type {
  Enqueued,
  EnqueueOptions,
  JobEnd,
  ParentResult,
  Quote,
  StartAnswer,
  StartOptions,
} from './calls.ts'
import type { Coordinator } from './coordinator.ts'

/** What the gate is told of a job of a kind that needs no payload. */
export interface BareStartOf<Kind, Sent> extends Omit<StartOptions, 'kind' | 'payload'> {
  readonly kind: Kind
  readonly payload?: Sent | undefined
}

/** What the gate is told of a job of a kind with a payload. */
export interface StartOf<Kind, Sent> extends BareStartOf<Kind, Sent> {
  readonly payload: Sent
}

/** What the gate is told of a job of one of these kinds. */
export type StartIn<Kinds> =
  | NoKind
  | {
      readonly [Kind in keyof Kinds & string]: MayBeBare<SentOf<Kinds[Kind]>> extends true
        ? BareStartOf<Kind, SentOf<Kinds[Kind]>>
        : StartOf<Kind, NamedPayload<Kind, SentOf<Kinds[Kind]>>>
    }[keyof Kinds & string]

/** What is kept of a job of this kind. */
export type DataIn<Kinds, Kind> = [Kind] extends [never]
  ? JobData
  : Omit<JobData, 'payload' | 'result'> & {
      readonly payload: Kind extends keyof Kinds ? NamedPayload<Kind, SentOf<Kinds[Kind]>> | null : Json
      readonly result: ResultIn<Kinds, Kind>
    }

/**
 * A coordinator whose queue has a contract: it knows the payload and the result of each kind. With schemas they are checked, too.
 * `ended$`, `parents` and `data` take your word for the kind of the jobs: `ended$<'resize'>(jobId)`.
 * @example
 * const queue = defineQueue<{ resize: { payload: { width: number }; result: { path: string } } }>()
 * const coordinator = await createCoordinator({ store, contract: queue })
 * const { jobId } = await coordinator.enqueue({ kind: 'resize', payload: { width: 640 } })
 * const [resized] = await coordinator.data<'resize'>([jobId])
 */
export interface TypedCoordinator<Kinds> extends Coordinator {
  readonly contract: QueueContract<Kinds>
  enqueue(jobs: JobsIn<Kinds>, options?: EnqueueOptions): Promise<Enqueued>
  add(lease: AttemptKey, jobs: JobsIn<Kinds>): Promise<Enqueued>
  /** The gate for a job of one of these kinds, with the payload of that kind. */
  onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options: StartIn<Kinds>,
  ): Promise<StartAnswer>
  schedules(
    owner: string,
    schedules: readonly ScheduleInput<ScheduledJobIn<Kinds>>[],
    options?: { readonly revision?: number | undefined },
  ): Promise<Declared>
  schedule(
    id: string,
    spec: ScheduleSpec<ScheduledJobIn<Kinds>>,
    options?: { readonly revision?: number | undefined },
  ): Promise<Declared>
  quote(job: JobIn<Kinds>): Promise<Quote>
  data<Kind extends keyof Kinds & string = never>(
    jobIds: readonly string[],
  ): Promise<readonly DataIn<Kinds, Kind>[]>
  parents<Kind extends keyof Kinds & string = never>(
    lease: AttemptKey,
    options?: { readonly results?: boolean | undefined },
  ): Promise<readonly ParentResult<ResultIn<Kinds, Kind>>[]>
  ended$<Kind extends keyof Kinds & string = never>(jobId: string): Observable<JobEnd<ResultIn<Kinds, Kind>>>
}

/** The coordinator of a queue with this contract, or without any. */
export type CoordinatorOf<Contract> = [Contract] extends [QueueContract<infer Kinds>]
  ? TypedCoordinator<Kinds>
  : Coordinator
