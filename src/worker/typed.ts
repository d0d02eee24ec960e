import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Handler, HandlerContext, HandlerDefinition, Job } from './api.ts'
import type { RetryRule } from './retry.ts'

/** A method, so that a function of whatever payload fits where the kind does not say which. */
type AnyRun = { run(job: Job, context: HandlerContext): unknown }['run']

/** What a worker is given for one kind, whatever payload it expects. */
export type AnyHandler =
  | AnyRun
  | {
      readonly schema?: StandardSchemaV1 | undefined
      readonly retry?: RetryRule | undefined
      readonly run: AnyRun
    }

/**
 * Handlers by kind, each for the payload that its kind has. A `schema` returns that payload. No other kinds are known, but for
 * workflows, whose handler the manager makes, and `*` for every other one.
 * @example export default { resize: (job) => job.payload.width } satisfies Handlers<Jobs>
 */
export type Handlers<Payloads extends object> = {
  readonly [Kind in keyof Payloads | 'workflow' | '*']?: Kind extends keyof Payloads
    ? Handler<Payloads[Kind]> | HandlerDefinition<Payloads[Kind]>
    : Handler | HandlerDefinition
}

/** Handlers as they are written: `Made` is found by the compiler, from the schema of each or from what its function takes. */
export type HandlersFor<Made> = {
  readonly [Kind in keyof Made]: Handler<Made[Kind]> | HandlerDefinition<Made[Kind]>
}
