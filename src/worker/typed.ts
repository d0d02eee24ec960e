import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { CheckedHandler, Handler, HandlerContext, HandlerDefinition, Job, UncheckedHandler } from './api.ts'
import type { RetryRule } from './retry.ts'

/** A handler of any payload, where its kind does not say which. */
type AnyRun = { run(job: Job, context: HandlerContext): unknown }['run']

/** What a worker is given for one kind, whatever payload it expects. */
export type AnyHandler =
  | AnyRun
  | {
      readonly schema?: StandardSchemaV1 | undefined
      readonly retry?: RetryRule | undefined
      readonly run: AnyRun
    }

/** The optional `schema` of a function tells the compiler that what has none is given the payload as it came. */
type Plain<Payload> = (Handler<Payload> & { readonly schema?: undefined }) | UncheckedHandler<Payload>

/** What comes with the job, and what the handler's schema makes of it. */
type HandlerOf<Given, Made> = Plain<Given> | CheckedHandler<Made>

/** Kinds that need no type of their own: every other one, and workflows, whose handler the manager makes. */
type Common = '*' | 'workflow'

/**
 * Handlers by kind, each for the payload that its kind has.
 * @example export default { resize: (job) => job.payload.width } satisfies Handlers<Jobs>
 */
export type Handlers<Payloads extends object> = {
  readonly [Kind in keyof Payloads]?: Handler<Payloads[Kind]> | HandlerDefinition<Payloads[Kind]>
} & { readonly [Kind in Exclude<Common, keyof Payloads>]?: AnyHandler }

/**
 * Handlers as they are written: `Made` is found by the compiler, from the schema of each or from what its function takes. Where
 * `Payloads` names the kinds, a function takes the payload of its kind, and no other kinds are known.
 */
export type HandlersFor<Payloads, Made> = {
  readonly [Kind in keyof Made]: [keyof Payloads] extends [never]
    ? Handler<Made[Kind]> | HandlerDefinition<Made[Kind]>
    : Kind extends keyof Payloads
      ? HandlerOf<Payloads[Kind], Made[Kind]>
      : Kind extends Common
        ? HandlerOf<Made[Kind], Made[Kind]>
        : never
}
