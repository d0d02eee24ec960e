import { type Context, context, type Span, SpanStatusCode } from '@opentelemetry/api'
import type { JobTrace } from '../../engine/core/index.ts'
import { scrubbed } from '../../engine/events/index.ts'
import type { AttemptEnd, AttemptSpan, BegunAttempt, SpanIds } from '../../engine/store/index.ts'
import { errorType } from './attributes.ts'
import { idsOf, traceContextOf } from './context.ts'

export interface AttemptRules {
  /** The next attempt is told of this one. */
  readonly keeps: boolean
  readonly tellsMessages: boolean
}

/** One attempt as a span. */
export class RunningAttempt implements AttemptSpan {
  readonly ids: SpanIds | undefined
  readonly trace: JobTrace | undefined
  readonly #span: Span
  readonly #within: Context
  readonly #attempt: BegunAttempt
  readonly #rules: AttemptRules

  constructor(span: Span, within: Context, attempt: BegunAttempt, rules: AttemptRules) {
    this.#span = span
    this.#within = within
    this.#attempt = attempt
    this.#rules = rules
    const { traceparent } = traceContextOf(span.spanContext()) ?? {}
    if (traceparent === undefined) return
    this.ids = idsOf(span.spanContext())
    if (rules.keeps) this.trace = { ...attempt.trace, last: traceparent }
  }

  run<T>(work: () => T): T {
    return context.with(this.#within, work)
  }

  end({ outcome, code, error }: AttemptEnd): void {
    const span = this.#span
    span.setAttribute('interlock.outcome', outcome)
    if (code !== undefined) span.setAttribute('interlock.reason', code)
    if (outcome === 'failed' || outcome === 'lost') this.#tellFailure(outcome, code, error)
    span.end()
  }

  /** No stack: it begins with the message, and `job_queue_data` has it. */
  #tellFailure(outcome: string, code: string | undefined, error: unknown): void {
    const span = this.#span
    if (!span.isRecording()) return
    const type = code === undefined ? outcome : code === 'handler_error' ? errorType(error) : code
    span.setAttribute('error.type', type)
    const message = this.#rules.tellsMessages ? scrubbed(error, this.#attempt.given) : undefined
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) })
    if (error === undefined) return
    const described = { 'exception.type': errorType(error), ...(message && { 'exception.message': message }) }
    span.addEvent('exception', described)
  }
}

/** An attempt whose span is not recorded: nothing is told of it, and what its handler makes within it goes by the same decision. */
export class UnrecordedAttempt implements AttemptSpan {
  readonly ids: undefined
  readonly trace: undefined
  readonly #span: Span
  readonly #within: Context

  constructor(span: Span, within: Context) {
    this.#span = span
    this.#within = within
  }

  run<T>(work: () => T): T {
    return context.with(this.#within, work)
  }

  end(): void {
    this.#span.end()
  }
}
