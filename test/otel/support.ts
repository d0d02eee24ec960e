import { context, type HrTime, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace'
import { afterEach } from 'vitest'
import { type OpenTelemetryOptions, openTelemetry } from '../../src/otel/index.ts'

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

const providers: BasicTracerProvider[] = []

afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown()
})

/** Telemetry of a process of its own, and the spans that it has ended. */
export function traced(options: OpenTelemetryOptions & { readonly sampler?: Sampler } = {}) {
  const { sampler, ...rest } = options
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler && { sampler }),
  })
  providers.push(provider)
  const telemetry = openTelemetry({ tracerProvider: provider, propagateContext: true, ...rest })
  const spans = () => exporter.getFinishedSpans()
  /** Those of that name, in the order in which they ended. */
  const named = (name: string) => spans().filter((span) => span.name === name)
  return { telemetry, tracer: provider.getTracer('test'), spans, named }
}

/** Runs in a span of the program. */
export async function within<T>(
  tracer: ReturnType<typeof traced>['tracer'],
  name: string,
  run: () => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan(name)
  try {
    return await context.with(trace.setSpan(context.active(), span), run)
  } finally {
    span.end()
  }
}

export const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId
export const traceOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().traceId
export const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId
/** The spans that it links to, each with what it is. */
export const linksOf = (span: ReadableSpan | undefined) =>
  (span?.links ?? []).map((link) => [link.attributes?.['interlock.link'], link.context.spanId])
export const secondsOf = ([seconds, nanos]: HrTime): number => seconds + nanos / 1e9
