import type { JobTrace, Json, TraceContext } from '../core/index.ts'

/** Version, trace, span, flags; a later version may say more. Neither id is all zeros, and `ff` is no version. */
const PARENT =
  /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-[\x20-\x7e]{0,145})?$/
const FIRST_VERSION_LENGTH = 55
const STATE = /^[\x20-\x7e]{1,512}$/

/**
 * The context of a trace as somebody gave it; undefined for one that is none. It often is a header that was passed on, so the W3C
 * has it ignored, and nothing is refused because of it.
 */
export function traceContext(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (!isTraceparent(traceparent)) return undefined
  const isState = typeof tracestate === 'string' && STATE.test(tracestate)
  return isState ? { traceparent, tracestate } : { traceparent }
}

/** What is kept of a job's trace; null if that is nothing, or not to be understood. */
export function jobTrace(kept: Json): JobTrace | null {
  if (typeof kept !== 'object' || kept === null) return null
  const { traceparent, tracestate, last } = kept as { readonly [key: string]: Json }
  const context = traceContext(traceparent, tracestate)
  const trace = { ...context, ...(isTraceparent(last) ? { last } : undefined) }
  return context === undefined && trace.last === undefined ? null : trace
}

function isTraceparent(value: unknown): value is string {
  if (typeof value !== 'string' || !PARENT.test(value)) return false
  return !value.startsWith('00') || value.length === FIRST_VERSION_LENGTH
}
