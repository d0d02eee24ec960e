import type { TracerProvider } from '@opentelemetry/api'

export interface OpenTelemetryOptions {
  /** What makes the tracer. @defaultValue the one that is registered with the OpenTelemetry API */
  readonly tracerProvider?: TracerProvider
  /**
   * `true`: a job keeps the W3C `traceparent` and `tracestate` of the span that enqueued it, without baggage; in `job_queue_data`, never
   * in the log. `false`: nothing connects its attempts with the sender, or with each other. Give all processes the same: a worker without
   * it reads no context for the first attempt of a job without data.
   * @defaultValue `false`
   */
  readonly propagateContext?: boolean
  /**
   * `link`: each attempt begins a trace of its own, linked to the sender's span: a sender decides nothing about sampling. `parent`: it joins the sender's trace.
   * @defaultValue `link`
   */
  readonly sender?: 'link' | 'parent'
  /** `false`: no `wait` spans, and nothing is remembered of what jobs wait for. @defaultValue `true` */
  readonly waits?: boolean
  /**
   * What a span says of an error. `scrubbed`: its class, and its message without what looks like data
   * (docs/reference/telemetry.md#what-does-not-get-into-a-trace). `none`: its class alone.
   * @defaultValue `scrubbed`
   */
  readonly messages?: 'scrubbed' | 'none'
}
