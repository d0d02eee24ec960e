import type { JobType, Json } from '../../core/index.ts'
import type { EnqueueInput } from '../../events/index.ts'
import type { JobData } from '../../store/index.ts'
import type { Enqueued, EnqueueOptions, StartAnswer, StartOptions } from './calls.ts'
import type { Coordinator } from './coordinator.ts'

/** The kind may be left out if it is the job type. */
type OfKind<Kind extends string> =
  | { readonly kind: Kind }
  | (Kind extends 'normal' ? { readonly kind?: undefined; readonly jobType?: 'normal' | undefined } : never)
  | (Kind extends 'workflow' ? { readonly kind?: undefined; readonly jobType: 'workflow' } : never)

/** The payload may be left out if the kind needs none. */
type Carrying<Payload> = undefined extends Payload
  ? { readonly payload?: Payload }
  : null extends Payload
    ? { readonly payload?: Payload | undefined }
    : { readonly payload: Payload }

/** A job of one of the kinds in `Payloads`, with the payload of that kind. */
export type TypedJob<Payloads extends object> = {
  readonly [Kind in keyof Payloads & string]: Omit<EnqueueInput, 'kind' | 'payload'> &
    OfKind<Kind> &
    Carrying<Payloads[Kind]>
}[keyof Payloads & string]

/** The same for a worker: the models may be left out if its handler of that kind names some. `Named`: what handlers name. */
export type HandledJob<Payloads extends object, Named> = {
  readonly [Kind in keyof Payloads & string]: Omit<EnqueueInput, 'kind' | 'payload' | 'models'> &
    OfKind<Kind> &
    Needing<Named, Kind> &
    Carrying<Payloads[Kind]>
}[keyof Payloads & string]

type Needing<Named, Kind> = Kind extends keyof Named
  ? [Named[Kind]] extends [readonly string[]]
    ? { readonly models?: readonly string[] | undefined }
    : Pick<EnqueueInput, 'models'>
  : Pick<EnqueueInput, 'models'>

type GateOptions<Payload> = Omit<StartOptions, 'kind' | 'payload'> & Carrying<Payload>

/** What the gate is told of a job of one of these kinds. */
type AskedByKind<Payloads> = {
  readonly [Kind in keyof Payloads & string]: GateOptions<Payloads[Kind]> & { readonly kind: Kind }
}[keyof Payloads & string]

/** The job types that are kinds too. */
type TypeIn<Payloads> = Extract<keyof Payloads, JobType>

/** Those of them that need no payload. */
type BareIn<Payloads> = {
  readonly [Kind in TypeIn<Payloads>]: object extends Carrying<Payloads[Kind]> ? Kind : never
}[TypeIn<Payloads>]

/** What is kept of a job of this kind; without a kind, any JSON. A kind without a known result may have any. */
type DataOf<Payloads, Results, Kind> = [Kind] extends [never]
  ? JobData
  : Omit<JobData, 'payload' | 'result'> & {
      readonly payload: Kind extends keyof Payloads ? Payloads[Kind] | null : Json
      readonly result: Kind extends keyof Results ? Results[Kind] | null : Json
    }

/** What handlers return, of some of the kinds. */
export type ResultsOf<Payloads> = { readonly [Kind in keyof Payloads]?: unknown }

/**
 * A coordinator that knows the payload type of each kind, and, if you name them too, what its handlers return. Only the compiler
 * knows: at run time it is like any other, so check payloads with a handler's `schema`.
 * @example
 * interface Jobs { resize: { width: number } }
 * interface Results { resize: { path: string } }
 * const coordinator = await createCoordinator<Jobs, Results>({ store })
 * await coordinator.enqueue([{ jobId: 'a', kind: 'resize', models: ['sharp'], payload: { width: 640 } }])
 * const [resized] = await coordinator.data<'resize'>(['a'])
 */
export interface TypedCoordinator<
  Payloads extends object,
  Results extends ResultsOf<Payloads> = Record<never, never>,
> extends Coordinator {
  enqueue(jobs: readonly TypedJob<Payloads>[], options?: EnqueueOptions): Promise<Enqueued>
  /** The gate for a job of one of these kinds, with the payload of that kind. */
  onJobStart(
    jobId: string,
    jobType: JobType,
    models: readonly string[],
    options: AskedByKind<Payloads>,
  ): Promise<StartAnswer>
  /** The gate for a job whose type is its kind, with the payload of that kind. */
  onJobStart<Type extends TypeIn<Payloads>>(
    jobId: string,
    jobType: Type,
    models: readonly string[],
    options: GateOptions<Payloads[Type]> & { readonly kind?: undefined },
  ): Promise<StartAnswer>
  onJobStart(jobId: string, jobType: BareIn<Payloads>, models: readonly string[]): Promise<StartAnswer>
  /** `data<'resize'>(ids)`: of jobs that you know to be of this kind. */
  data<Kind extends keyof Payloads & string = never>(
    jobIds: readonly string[],
  ): Promise<readonly DataOf<Payloads, Results, Kind>[]>
  /** Never set. They tell the compiler, and `createJobWorker`, which kinds there are and what comes of them. */
  readonly payloads?: Payloads
  readonly results?: Results
}

/** A coordinator that knows no payload types. */
export type UntypedCoordinator = Coordinator & { readonly payloads?: undefined }
