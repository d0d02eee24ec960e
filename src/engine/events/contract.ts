import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../core/index.ts'
import type { EnqueueInput, JobFields, JobShape } from './job-input.ts'
import type { ScheduledJob } from './schedule.ts'

/** What jobs of one kind are given and come to, as types. A kind without a payload takes none; without a result it may have any. */
export interface KindTypes {
  readonly payload?: unknown
  readonly result?: unknown
}

/** The same by Standard Schemas (zod, valibot, arktype), which are asked at run time, too. */
export interface KindSchemas {
  /** Asked where a job is put in line, and again before its handler is given what the schema makes of the payload. */
  readonly payload?: StandardSchemaV1 | undefined
  /** Asked before a result is kept: what the schema makes of it is. */
  readonly result?: StandardSchemaV1 | undefined
  /** What jobs of this kind need that name no models themselves. */
  readonly models?: readonly string[] | undefined
}

/** Any kinds: nothing is known of them. */
export interface AnyKinds {
  readonly [kind: string]: KindTypes
}

/** What the kinds of a queue are given and come to; made by {@link defineQueue}. */
export interface QueueContract<in out Kinds> {
  /** The kinds with their schemas; undefined where only types are known. */
  readonly schemas: Readonly<Record<string, KindSchemas>> | undefined
  /** For the compiler: there is nothing in it. */
  readonly kinds: ((kinds: Kinds) => Kinds) | undefined
}

/** A contract as it is at run time, whatever its kinds. */
export type KnownKinds = Pick<QueueContract<AnyKinds>, 'schemas'>

/** The kinds of a contract: `KindsOf<typeof queue>`. */
export type KindsOf<Contract> = Contract extends QueueContract<infer Kinds> ? Kinds : AnyKinds

/** What a program passes for a job of this kind. */
export type SentOf<Kind> = Kind extends { readonly payload: infer Payload }
  ? Payload extends StandardSchemaV1<infer Sent, unknown>
    ? Sent
    : Payload
  : undefined

/** What a handler of this kind is given. */
export type GivenOf<Kind> = Kind extends { readonly payload: infer Payload }
  ? Payload extends StandardSchemaV1<unknown, infer Given>
    ? Given
    : Payload
  : undefined

/** What a handler of this kind returns. */
export type ReturnedOf<Kind> = Kind extends { readonly result: infer Result }
  ? Result extends StandardSchemaV1<infer Returned, unknown>
    ? Returned
    : Result
  : unknown

/** What is kept of that. */
type ResultOf<Kind> = Kind extends { readonly result: infer Result }
  ? Result extends StandardSchemaV1<unknown, infer Kept>
    ? Kept
    : Result
  : Json

/** The payload of a kind. The compiler calls it so: an error names the kind. */
export type Payload<_Kind, Fields> = { [Field in keyof Fields]: Fields[Field] }
/** The result of a kind. */
export type Result<_Kind, Fields> = { [Field in keyof Fields]: Fields[Field] }

/** The same; what is not known stays as it is. */
export type NamedPayload<Kind, Sent> = unknown extends Sent ? Sent : Payload<Kind, Sent>
type NamedResult<Kind, Returned> = unknown extends Returned ? Returned : Result<Kind, Returned>

/** What the handler of a kind is given, and what it returns. */
export type GivenTo<Kinds, Kind extends keyof Kinds> = NamedPayload<Kind, GivenOf<Kinds[Kind]>>
export type ReturnedBy<Kinds, Kind extends keyof Kinds> = NamedResult<Kind, ReturnedOf<Kinds[Kind]>>

/** What is kept of jobs that are of one of these kinds; of no kind, of any. A kind without a known result may have any. */
export type ResultIn<Kinds, Kind> = [Kind] extends [never]
  ? Json
  : string extends keyof Kinds
    ? Json
    : {
        readonly [Each in keyof Kinds]: Kinds[Each] extends { readonly result: unknown }
          ? NamedResult<Each, ResultOf<Kinds[Each]>> | null
          : Json
      }[Kind & keyof Kinds]

/** A job of a kind that needs no payload. */
export interface BareJobOf<Kind, Sent> extends JobFields {
  /** Which handler runs it. */
  readonly kind: Kind
  /** What its handler gets. */
  readonly payload?: Sent | undefined
}

/** A job of a kind, with its payload. */
export interface JobOf<Kind, Sent> extends BareJobOf<Kind, Sent> {
  readonly payload: Sent
}

/** No job has it. With it, an error of the compiler is about the kind that was given, and not about all of them. */
export interface NoKind {
  readonly kind: never
}

/** A job of one of these kinds. */
export type JobIn<Kinds> = string extends keyof Kinds
  ? EnqueueInput
  :
      | NoKind
      | {
          readonly [Kind in keyof Kinds & string]: MayBeBare<SentOf<Kinds[Kind]>> extends true
            ? BareJobOf<Kind, SentOf<Kinds[Kind]>>
            : JobOf<Kind, NamedPayload<Kind, SentOf<Kinds[Kind]>>>
        }[keyof Kinds & string]

/** A list of jobs. It has no kind: so the compiler knows one job from a list. */
export interface JobList<Job> extends ReadonlyArray<Job> {
  readonly kind?: undefined
}

/** One job, or a list. */
export type JobsIn<Kinds> = JobIn<Kinds> | JobList<JobIn<Kinds>>

/** A payload that may be left out. */
export type MayBeBare<Sent> = undefined extends Sent ? true : null extends Sent ? true : false

/** What each job of a schedule is, of a kind that needs no payload. */
export interface BareScheduledJobOf<Kind, Sent> extends JobShape {
  readonly kind: Kind
  readonly payload?: Sent | undefined
}

/** What each job of a schedule is, of a kind with a payload. */
export interface ScheduledJobOf<Kind, Sent> extends BareScheduledJobOf<Kind, Sent> {
  readonly payload: Sent
}

/** What each job of a schedule is, of one of these kinds. */
export type ScheduledJobIn<Kinds> = string extends keyof Kinds
  ? ScheduledJob
  :
      | NoKind
      | {
          readonly [Kind in keyof Kinds & string]: MayBeBare<SentOf<Kinds[Kind]>> extends true
            ? BareScheduledJobOf<Kind, SentOf<Kinds[Kind]>>
            : ScheduledJobOf<Kind, NamedPayload<Kind, SentOf<Kinds[Kind]>>>
        }[keyof Kinds & string]
