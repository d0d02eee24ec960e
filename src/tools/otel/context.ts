import { createTraceState, isSpanContextValid, type SpanContext, TraceFlags } from '@opentelemetry/api'
import type { TraceContext } from '../../engine/core/index.ts'
import type { SpanIds } from '../../engine/store/index.ts'

/** A span somewhere else, by the W3C's headers. @param context checked already (`traceContext` of the codec) */
export function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  const found = { traceId, spanId, traceFlags, isRemote: true }
  return tracestate === undefined ? found : { ...found, traceState: createTraceState(tracestate) }
}

/** The headers of a span; undefined for one that is none, as without an SDK. */
export function traceContextOf(span: SpanContext): TraceContext | undefined {
  if (!isSpanContextValid(span)) return undefined
  const { trace_id, span_id, trace_flags } = idsOf(span)
  const traceparent = `00-${trace_id}-${span_id}-${trace_flags}`
  const tracestate = span.traceState?.serialize() ?? ''
  return tracestate === '' ? { traceparent } : { traceparent, tracestate }
}

export const isSampled = ({ traceFlags }: SpanContext): boolean => (traceFlags & TraceFlags.SAMPLED) !== 0

export const idsOf = ({ traceId, spanId, traceFlags }: SpanContext): SpanIds => ({
  trace_id: traceId,
  span_id: spanId,
  trace_flags: (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0'),
})
