import {
  type Context,
  context,
  type Link,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { PACKAGE_VERSION } from '../coordinator/base/package-version.ts'
import type { Started, TraceContext } from '../core/index.ts'
import type {
  AttemptSpan,
  BegunAttempt,
  BegunStep,
  FollowedQueue,
  Sending,
  Telemetry,
} from '../port/index.ts'
import { RunningAttempt } from './attempt.ts'
import { attemptAttributes, errorType, operation, sentAttributes } from './attributes.ts'
import { isSampled, spanContextOf, traceContextOf } from './context.ts'
import type { OpenTelemetryOptions } from './options.ts'
import { addWait } from './wait-span.ts'
import { WaitTrail } from './waits.ts'

/** Links to the contexts that jobs of one call brought along. */
const MOST_LINKS = 32

/** Made by `openTelemetry`. */
export class Tracing implements Telemetry {
  readonly propagates: boolean
  readonly #options: OpenTelemetryOptions
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  /** By queue. */
  readonly #queues = new Map<string, FollowedQueue>()
  readonly #waits = new Map<string, WaitTrail>()
  #isHeard = false

  constructor(options: OpenTelemetryOptions) {
    this.#options = options
    this.propagates = options.propagateContext === true
    this.#provider = options.tracerProvider ?? trace.getTracerProvider()
    this.#tracer = this.#provider.getTracer('interlock-queue', PACKAGE_VERSION)
  }

  follow(queue: FollowedQueue): void {
    this.#queues.set(queue.queue, queue)
    this.#trailOf(queue.queue)
  }

  async send<T>(
    { queue, jobs }: Sending,
    put: (context: TraceContext | undefined) => Promise<T>,
  ): Promise<T> {
    if (!this.#hasSdk()) return put(undefined)
    const links = jobs
      .flatMap((job) => (job.trace === undefined ? [] : [linkTo(spanContextOf(job.trace), 'job')]))
      .slice(0, MOST_LINKS)
    const attributes = operation(queue, 'send')
    const span = this.#tracer.startSpan(`send ${queue}`, { kind: SpanKind.PRODUCER, attributes, links })
    if (span.isRecording()) span.setAttributes(sentAttributes(jobs))
    try {
      return await put(this.#kept(span.spanContext()))
    } catch (error) {
      span.setAttribute('error.type', errorType(error))
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  }

  context(): TraceContext | undefined {
    const active = trace.getSpanContext(context.active())
    return active === undefined ? undefined : this.#kept(active)
  }

  granted(started: Started, queue: string): void {
    this.#addWait(started, queue, context.active(), [])
  }

  begin(attempt: BegunAttempt): AttemptSpan {
    if (!this.#hasSdk()) return unheard
    const { queue, started, isCalled } = attempt
    const { traceparent, last } = attempt.trace ?? {}
    const sender = traceparent === undefined ? undefined : spanContextOf({ ...attempt.trace, traceparent })
    const ambient = isCalled ? context.active() : ROOT_CONTEXT
    const goesOn = this.#options.sender === 'parent' && sender !== undefined
    const parent = goesOn ? trace.setSpanContext(ROOT_CONTEXT, sender) : ambient
    const links = [
      ...(sender === undefined ? [] : [linkTo(sender, 'sender')]),
      ...(last === undefined ? [] : [linkTo(spanContextOf({ traceparent: last }), 'attempt')]),
    ]
    const waited = this.#addWait(started, queue, parent, links)
    // Where nothing else is its parent, its wait is: the two are one trace.
    const within =
      waited === undefined || trace.getSpan(parent) !== undefined ? parent : trace.setSpan(parent, waited)
    const span = this.#tracer.startSpan(
      `process ${queue}`,
      { kind: SpanKind.CONSUMER, attributes: operation(queue, 'process'), links },
      within,
    )
    if (span.isRecording()) span.setAttributes(attemptAttributes(started))
    return new RunningAttempt(span, trace.setSpan(within, span), attempt, {
      keeps: this.propagates,
      tellsMessages: this.#options.messages !== 'none',
    })
  }

  async step<T>({ queue, executionId, index, count, name }: BegunStep, run: () => Promise<T>): Promise<T> {
    const told = {
      'messaging.message.id': executionId,
      'interlock.step.index': index,
      'interlock.step.count': count,
      ...(name === null ? undefined : { 'interlock.step.name': name.slice(0, 200) }),
    }
    const attributes = operation(queue, 'process')
    const span = this.#tracer.startSpan(`step ${queue}`, { kind: SpanKind.INTERNAL, attributes })
    if (span.isRecording()) span.setAttributes(told)
    try {
      return await context.with(trace.setSpan(context.active(), span), run)
    } catch (error) {
      span.setAttribute('error.type', errorType(error))
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  }

  /** The context to keep with a job. Of a span that nobody keeps there is nothing to link to; who goes on in its trace does not keep his own. */
  #kept(span: SpanContext): TraceContext | undefined {
    if (!this.propagates || (this.#options.sender !== 'parent' && !isSampled(span))) return undefined
    return traceContextOf(span)
  }

  #addWait(started: Started, queue: string, parent: Context, links: readonly Link[]): Span | undefined {
    const waited = this.#trailOf(queue)?.take(started)
    const now = this.#queues.get(queue)?.now()
    if (waited === undefined || now === undefined) return undefined
    return addWait(this.#tracer, { queue, started, waited, parent, links, now })
  }

  /** Until then nobody keeps a span. The API's own provider stands in for one that may be registered later. */
  #hasSdk(): boolean {
    const provider = this.#provider
    this.#isHeard ||=
      !(provider instanceof ProxyTracerProvider) ||
      provider.getDelegateTracer('interlock-queue') !== undefined
    return this.#isHeard
  }

  /** Begun once there is an SDK. */
  #trailOf(name: string): WaitTrail | undefined {
    const known = this.#waits.get(name)
    const queue = this.#queues.get(name)
    if (known !== undefined || queue === undefined) return known
    if (this.#options.waits === false || !this.#hasSdk()) return undefined
    const trail = new WaitTrail(queue)
    this.#waits.set(name, trail)
    return trail
  }
}

/** An attempt without an SDK. */
const unheard: AttemptSpan = { ids: undefined, trace: undefined, run: (work) => work(), end: () => {} }

const linkTo = (to: SpanContext, what: 'job' | 'sender' | 'attempt'): Link => ({
  context: to,
  attributes: { 'interlock.link': what },
})
