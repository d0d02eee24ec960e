import {
  type Context,
  context,
  type Link,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import type { JobTrace, Started, TraceContext } from '../../engine/core/index.ts'
import type {
  AttemptSpan,
  BegunAttempt,
  BegunStep,
  FollowedQueue,
  Sending,
  Telemetry,
} from '../../engine/store/index.ts'
import { RunningAttempt, UnrecordedAttempt } from './attempt.ts'
import { attemptAttributes, errorType, type SpanAttributes, sentAttributes } from './attributes.ts'
import { isSampled, spanContextOf, traceContextOf } from './context.ts'
import { type Operations, operationsOf, withLinks } from './operation.ts'
import type { OpenTelemetryOptions } from './options.ts'
import { addWait, WaitTrail } from './waits.ts'

import { WithSpan } from './with-span.ts'

/** Links to the contexts that jobs of one call brought along. */
const MOST_LINKS = 32

/** Made by `openTelemetry`. */
export class Tracing implements Telemetry {
  readonly propagates: boolean
  readonly #options: OpenTelemetryOptions
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #queues = new Map<string, TracedQueue>()
  #isFollowed = false

  constructor(options: OpenTelemetryOptions) {
    this.#options = options
    this.propagates = options.propagateContext === true
    this.#provider = options.tracerProvider ?? trace.getTracerProvider()
    this.#tracer = this.#provider.getTracer('interlock-queue', PACKAGE_VERSION)
  }

  follow(followed: FollowedQueue): void {
    const queue = this.#queueOf(followed.queue)
    queue.followed = followed
    queue.trail = undefined
    this.#trailOf(queue)
  }

  async send<T>(
    { queue, jobs }: Sending,
    put: (context: TraceContext | undefined) => Promise<T>,
  ): Promise<T> {
    if (!this.#hasSdk()) return put(undefined)
    const { send } = this.#queueOf(queue).operations
    const span = this.#tracer.startSpan(send.name, withLinks(send, linksOf(jobs)))
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
    this.#tellWait(this.#queueOf(queue), started, context.active(), none)
  }

  begin(attempt: BegunAttempt): AttemptSpan {
    if (!this.#hasSdk()) return unheard
    const queue = this.#queueOf(attempt.queue)
    const trail = this.#trailOf(queue)
    const { sender, links } = originOf(attempt.trace, this.#joins)
    const parent = this.#parentOf(attempt, sender)
    const { process: operation } = queue.operations
    const span = this.#tracer.startSpan(operation.name, withLinks(operation, links), parent)
    const inside = new WithSpan(parent, span)
    if (!span.isRecording()) {
      trail?.forget(attempt.started)
      return new UnrecordedAttempt(span, inside)
    }
    span.setAttributes(attemptAttributes(attempt.started))
    // Where nothing else is its parent, the attempt is: the two are one trace.
    const outside = trace.getSpan(parent) === undefined ? inside : parent
    this.#tellWait(queue, attempt.started, outside, links)
    return new RunningAttempt(span, inside, attempt, {
      keeps: this.propagates,
      tellsMessages: this.#options.messages !== 'none',
    })
  }

  async step<T>({ queue, executionId, index, count, name }: BegunStep, run: () => Promise<T>): Promise<T> {
    const attributes = {
      'messaging.message.id': executionId,
      'interlock.step.index': index,
      'interlock.step.count': count,
      ...(name === null ? undefined : { 'interlock.step.name': name.slice(0, 200) }),
    } satisfies SpanAttributes
    const { step } = this.#queueOf(queue).operations
    const span = this.#tracer.startSpan(step.name, step.options)
    if (span.isRecording()) span.setAttributes(attributes)
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
    if (!this.propagates || (!this.#joins && !isSampled(span))) return undefined
    return traceContextOf(span)
  }

  /** What the spans of an attempt are within. */
  #parentOf({ isCalled }: BegunAttempt, sender: SpanContext | undefined): Context {
    if (sender !== undefined && this.#joins) return trace.setSpanContext(ROOT_CONTEXT, sender)
    return isCalled ? context.active() : ROOT_CONTEXT
  }

  #tellWait(queue: TracedQueue, started: Started, parent: Context, links: readonly Link[]): void {
    const { followed, operations } = queue
    if (followed === undefined) return
    this.#trailOf(queue)?.tell(started, (waited) => {
      addWait(this.#tracer, {
        operation: operations.wait,
        started,
        waited,
        parent,
        links,
        now: followed.now,
      })
    })
  }

  /** Attempts go on in the trace of the sender. */
  get #joins(): boolean {
    return this.#options.sender === 'parent'
  }

  /** Until then nobody keeps a span. The API's own provider stands in for one that may be registered later. */
  #hasSdk(): boolean {
    const provider = this.#provider
    this.#isFollowed ||=
      !(provider instanceof ProxyTracerProvider) ||
      provider.getDelegateTracer('interlock-queue') !== undefined
    return this.#isFollowed
  }

  #queueOf(name: string): TracedQueue {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const made = { operations: operationsOf(name), followed: undefined, trail: undefined }
    this.#queues.set(name, made)
    return made
  }

  /** Begun once there is an SDK. */
  #trailOf(queue: TracedQueue): WaitTrail | undefined {
    const { trail, followed } = queue
    if (trail !== undefined || followed === undefined) return trail
    if (this.#options.waits === false || !this.#hasSdk()) return undefined
    queue.trail = new WaitTrail(followed)
    return queue.trail
  }
}

/** A queue that this process follows, or sends to. */
interface TracedQueue {
  readonly operations: Operations
  followed: FollowedQueue | undefined
  trail: WaitTrail | undefined
}

/** An attempt without an SDK. */
const unheard: AttemptSpan = { ids: undefined, trace: undefined, run: (work) => work(), end: () => {} }

const linkTo = (to: SpanContext, what: 'job' | 'sender' | 'attempt'): Link => ({
  context: to,
  attributes: { 'interlock.link': what } satisfies SpanAttributes,
})

const none: readonly Link[] = []

/** Where an attempt comes from: the span that put its job in line, linked to unless the attempt joins its trace, and the attempt before it. */
function originOf(
  kept: JobTrace | null,
  joins: boolean,
): {
  readonly sender: SpanContext | undefined
  readonly links: readonly Link[]
} {
  if (kept === null) return nowhere
  const { traceparent, last } = kept
  const sender = traceparent === undefined ? undefined : spanContextOf({ ...kept, traceparent })
  const links = [
    ...(sender === undefined || joins ? [] : [linkTo(sender, 'sender')]),
    ...(last === undefined ? [] : [linkTo(spanContextOf({ traceparent: last }), 'attempt')]),
  ]
  return { sender, links }
}

const nowhere = { sender: undefined, links: none }

/** To the contexts that jobs of one call brought along. */
function linksOf(jobs: Sending['jobs']): readonly Link[] {
  if (jobs.every((job) => job.trace === undefined)) return none
  return jobs
    .flatMap((job) => (job.trace === undefined ? [] : [linkTo(spanContextOf(job.trace), 'job')]))
    .slice(0, MOST_LINKS)
}
