import type { JobRule, JobType, jobFields, Units, Uses } from '../core/index.ts'
import type { DedupeInput, DurationText } from './dedupe.ts'

/** A job that another one comes after. */
export interface AfterInput {
  /** Its id: live, in the same call, or one that has ended; or its `ref`. */
  readonly job: string
  /** What becomes of the job if that one fails, expires or is cancelled: it fails too, or runs all the same. @defaultValue `fail` */
  readonly ifFailed?: 'fail' | 'continue' | undefined
}

/** What each kind of field may be given as. */
interface Given {
  readonly name: string
  readonly word: JobType
  readonly whole: number
  readonly models: readonly string[]
  readonly modes: Readonly<Record<string, 'shared' | 'exclusive'>>
  readonly asks: Readonly<Record<string, Units>>
  readonly uses: Uses
  readonly time: Date | string
  readonly once: DurationText | 'for ever'
  readonly dedupe: DedupeInput
  readonly after: readonly (string | AfterInput)[]
  readonly json: unknown
  readonly header: string
}

type Fields = typeof jobFields
type Named<Mark> = { [Name in keyof Fields]: Fields[Name] extends Mark ? Name : never }[keyof Fields]
type Alone = Named<{ readonly alone: true }>
type ByKind = Named<{ readonly byKind: true }>
type InputOf<Field extends JobRule> =
  | Given[Field['is']]
  | (Field extends { readonly orNull: true } ? null : never)
  | undefined

/** What any job says of itself, also one of a schedule. Missing fields get their defaults. */
export type JobShape = { readonly [Name in Exclude<keyof Fields, Alone | ByKind>]?: InputOf<Fields[Name]> }

/** What one job says of itself. */
export interface JobFields extends JobShape, AloneFields {
  /**
   * A name for it in this call, which `after` of the other jobs may use in place of an id. The answer says its id (`ids`).
   * @defaultValue none
   */
  readonly ref?: string | undefined
}
type AloneFields = { readonly [Name in Alone]?: InputOf<Fields[Name]> }

/** A job that a program asks for. Missing fields get their defaults. */
export interface EnqueueInput extends JobFields, OfKind {}
type OfKind = { readonly [Name in ByKind]?: InputOf<Fields[Name]> }
