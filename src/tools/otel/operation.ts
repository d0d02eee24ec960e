import { type Attributes, type Link, SpanKind, type SpanOptions } from '@opentelemetry/api'

/** How every span of one kind begins in one queue. */
export interface Operation {
  readonly name: string
  /** With the attributes that a sampler can decide by. */
  readonly options: SpanOptions
}

/** By the first word of the span's name; the second is the queue. Each comment: its kind, by whom it is made, and what it covers. */
export interface Operations {
  /** producer, by the process that calls `enqueue`: the call. */
  readonly send: Operation
  /** internal, by the worker that runs the attempt, or the caller of `onJobStart`: from when the job came into line, or back, to its start. */
  readonly wait: Operation
  /** consumer, by the worker that runs the attempt: the handler. */
  readonly process: Operation
  /** internal, by the worker that runs the attempt: a step of a workflow, within its `process`. */
  readonly step: Operation
}

/**
 * How the spans of a queue begin, made once for all its jobs: most spans are kept by nobody, and then this is all they have. The messaging
 * conventions of OpenTelemetry 1.44.0 are still in development, so their names stand here and come from no package.
 */
export function operationsOf(queue: string): Operations {
  const attributes = (name: 'send' | 'wait' | 'process'): Attributes => ({
    'messaging.system': 'interlock',
    'messaging.destination.name': queue,
    'messaging.operation.name': name,
    ...(name === 'wait' ? undefined : { 'messaging.operation.type': name }),
  })
  const operation = (name: string, kind: SpanKind, like: 'send' | 'wait' | 'process'): Operation => ({
    name: `${name} ${queue}`,
    options: { kind, attributes: attributes(like) },
  })
  return {
    send: operation('send', SpanKind.PRODUCER, 'send'),
    wait: operation('wait', SpanKind.INTERNAL, 'wait'),
    process: operation('process', SpanKind.CONSUMER, 'process'),
    step: operation('step', SpanKind.INTERNAL, 'process'),
  }
}

export const withLinks = ({ options }: Operation, links: readonly Link[]): SpanOptions =>
  links.length === 0 ? options : { ...options, links: [...links] }
