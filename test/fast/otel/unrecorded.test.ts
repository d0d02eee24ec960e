/** Attempts that nobody keeps cost little, and still decide what goes on within them. */
import { context, createContextKey, ROOT_CONTEXT, SamplingDecision, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, type Sampler } from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import type { JobTrace } from '../../../src/engine/core/index.ts'
import { WithSpan } from '../../../src/tools/otel/with-span.ts'
import { idOf, parentOf, queueFor, traced, traceOf } from './support.ts'

const never = new ParentBasedSampler({ root: new AlwaysOffSampler() })

/** Asked about a span: its name and what it begins with. */
type Asked = readonly [string, Readonly<Record<string, unknown>>]

/** Decides by what a span begins with, whatever its parent is. */
function samplerBy(keeps: (attributes: Readonly<Record<string, unknown>>) => boolean) {
  const asked: Asked[] = []
  const sampler: Sampler = {
    shouldSample: (_context, _traceId, name, _kind, attributes) => {
      asked.push([name, attributes])
      return {
        decision: keeps(attributes) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      }
    },
    toString: () => 'by attributes',
  }
  return { sampler, asked }
}

/** A job that waited three seconds begins. */
function begun(options: Parameters<typeof traced>[0], kept: JobTrace | null = null) {
  const process = traced(options)
  const queue = queueFor(process.telemetry)
  queue.follow()
  queue.enqueue(1, { jobId: 'a', models: ['flux-dev'] })
  const started = queue.claim(4)
  const span = process.telemetry.begin({
    ...{ queue: 'default', started, given: [], trace: kept, isCalled: false },
  })
  return { ...process, span }
}

describe('an attempt that is not recorded', () => {
  it('leaves nothing, and neither do the spans that its handler makes', () => {
    const { span, tracer, spans } = begun({ sampler: never })
    const [own, inner] = span.run(() => [trace.getActiveSpan(), tracer.startSpan('work')])
    inner?.end()
    span.end({ outcome: 'failed', code: 'handler_error', error: new Error('away') })
    expect(spans()).toEqual([])
    expect(own?.isRecording()).toBe(false)
    expect(inner?.isRecording()).toBe(false)
    expect(inner?.spanContext().traceId).toBe(own?.spanContext().traceId)
    expect([span.ids, span.trace]).toEqual([undefined, undefined])
  })

  it('goes on in the trace of a sender that is not kept, and passes that on', () => {
    const [traceId, spanId] = ['ab'.repeat(16), 'cd'.repeat(8)]
    const kept = { traceparent: `00-${traceId}-${spanId}-00`, tracestate: 'vendor=1' }
    const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() })
    const { span, tracer, spans } = begun({ sampler, sender: 'parent' }, kept)
    const [own, inner] = span.run(() => [trace.getActiveSpan(), tracer.startSpan('work')])
    inner?.end()
    expect(spans()).toEqual([])
    expect(own?.spanContext()).toMatchObject({ traceId, traceFlags: 0 })
    expect(own?.spanContext().traceState?.serialize()).toBe('vendor=1')
    expect(inner?.spanContext()).toMatchObject({ traceId, traceFlags: 0 })
  })
})

describe('a sampler', () => {
  it('is asked with the queue and the operation, as the conventions want it', () => {
    const { sampler, asked } = samplerBy(() => true)
    begun({ sampler })
    const common = { 'messaging.system': 'interlock', 'messaging.destination.name': 'default' }
    const process = { 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' }
    expect(asked).toEqual([
      ['process default', { ...common, ...process }],
      ['wait default', { ...common, 'messaging.operation.name': 'wait' }],
    ])
  })

  it('is asked once about an attempt that it does not keep: nobody is told of its wait', () => {
    const { sampler, asked } = samplerBy((attributes) => attributes['messaging.operation.name'] === 'wait')
    const { span, spans } = begun({ sampler })
    span.end({ outcome: 'completed' })
    expect(asked.map(([name]) => name)).toEqual(['process default'])
    expect(spans()).toEqual([])
  })

  it('may keep the attempt and not its wait', () => {
    const { sampler } = samplerBy((attributes) => attributes['messaging.operation.name'] === 'process')
    const { span, spans, named } = begun({ sampler })
    span.end({ outcome: 'completed' })
    expect(spans().map(({ name }) => name)).toEqual(['process default'])
    expect(named('process default')[0]?.attributes).toMatchObject({
      'messaging.message.id': 'a',
      'interlock.outcome': 'completed',
    })
    expect(span.ids?.span_id).toBe(idOf(named('process default')[0]))
  })

  it('may record what it does not sample', () => {
    const recorded: Sampler = {
      shouldSample: () => ({ decision: SamplingDecision.RECORD }),
      toString: () => 'recorded',
    }
    const { span } = begun({ sampler: recorded })
    const own = span.run(() => trace.getActiveSpan())
    expect(own?.isRecording()).toBe(true)
    expect(span.ids?.trace_flags).toBe('00')
  })
})

describe('the context in which a handler runs', () => {
  const key = createContextKey('of the program')

  it('takes what a program sets beside the span, and other spans in its place', () => {
    const { tracer, provider } = traced()
    const [first, second] = [tracer.startSpan('first'), provider.getTracer('test').startSpan('second')]
    const within = new WithSpan(ROOT_CONTEXT.setValue(key, 'before'), first)
    expect([trace.getSpan(within), within.getValue(key)]).toEqual([first, 'before'])
    const set = within.setValue(key, 'after')
    expect([trace.getSpan(set), set.getValue(key), within.getValue(key)]).toEqual([first, 'after', 'before'])
    const other = trace.setSpan(within, second)
    expect([trace.getSpan(other), other.getValue(key), trace.getSpan(within)]).toEqual([
      second,
      'before',
      first,
    ])
    const without = trace.deleteSpan(within)
    expect([trace.getSpan(without), without.getValue(key)]).toEqual([undefined, 'before'])
    const deleted = within.deleteValue(key)
    expect([trace.getSpan(deleted), deleted.getValue(key)]).toEqual([first, undefined])
  })

  it('holds through what it awaits', async () => {
    const { span, tracer, named } = begun({})
    await span.run(async () => {
      await Promise.resolve()
      tracer.startSpan('work', {}, context.active()).end()
    })
    span.end({ outcome: 'completed' })
    const [process] = named('process default')
    expect(parentOf(named('work')[0])).toBe(idOf(process))
    expect(traceOf(named('work')[0])).toBe(traceOf(named('wait default')[0]))
  })
})
