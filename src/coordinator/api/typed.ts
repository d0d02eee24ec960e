import type { EnqueueInput } from '../../codec/index.ts'
import type { Enqueued } from './calls.ts'
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

/**
 * A coordinator that knows the payload type of each kind. Only the compiler knows: at run time it is like any other, so check
 * payloads with a handler's `schema`.
 * @example
 * interface Jobs { resize: { width: number } }
 * const coordinator = await createCoordinator<Jobs>({ store })
 * await coordinator.enqueue([{ jobId: 'a', kind: 'resize', models: ['sharp'], payload: { width: 640 } }])
 */
export interface TypedCoordinator<Payloads extends object> extends Coordinator {
  enqueue(jobs: readonly TypedJob<Payloads>[]): Promise<Enqueued>
  /** Never set. It tells the compiler, and `createJobWorker`, which kinds there are. */
  readonly payloads?: Payloads
}

/** A coordinator that knows no payload types. */
export type UntypedCoordinator = Coordinator & { readonly payloads?: undefined }
