import type { TracerProvider } from '@opentelemetry/api'

export interface OpenTelemetryOptions {
  /** The one that is registered with the OpenTelemetry API, unless given. */
  readonly tracerProvider?: TracerProvider
  /**
   * True: a job carries the W3C's context of the span in which it was put in line (`traceparent`, `tracestate`; no baggage), so that what
   * happens to it elsewhere belongs to it. Kept in `job_queue_data`, never in the log. False unless given.
   */
  readonly propagateContext?: boolean
  /**
   * How an attempt belongs to what put its job in line. `link`: it has a trace of its own, with a link there; nobody can make you keep
   * spans. `parent`: it goes on in that trace. `link` unless given.
   */
  readonly sender?: 'link' | 'parent'
  /** False: no `wait` spans, and nothing is remembered of what jobs wait for. True unless given. */
  readonly waits?: boolean
  /**
   * What a span says of what a handler threw, beside its class. `scrubbed`: its message without every word of what the handler was given,
   * and without what looks like data. `none`: nothing. `scrubbed` unless given.
   */
  readonly messages?: 'scrubbed' | 'none'
}
