import { ProxyTracerProvider, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import { defaultPolicy, type Json } from '../../../src/engine/core/index.ts'
import { RetryLater } from '../../../src/engine/worker/index.ts'
import { createWorkflowManager } from '../../../src/engine/workflow/index.ts'
import { openTelemetry } from '../../../src/tools/otel/index.ts'
import { join } from '../../servers/coordinator/support.ts'
import { work } from '../../servers/worker/support.ts'
import { idOf, linksOf, parentOf, queueFor, secondsOf, traced, traceOf, within } from './support.ts'

const once = { baseMs: 0, jitter: 0 }

/** Everything has ended, and its spans too. */
const settled = async (
  coordinator: Awaited<ReturnType<typeof join>>,
  spans: () => readonly unknown[],
  n: number,
) => {
  await expect.poll(() => coordinator.state().activeCount + coordinator.state().waitingCount).toBe(0)
  await expect.poll(() => spans().length).toBe(n)
}

describe('openTelemetry', () => {
  it('makes a span where a job is put in line, and one around its handler, with a link there', async () => {
    const { telemetry, tracer, spans, named } = traced({ waits: false })
    const { coordinator } = await work({ handlers: { normal: () => 'done' } }, { telemetry })
    await within(tracer, 'request', () =>
      coordinator.enqueue([{ jobId: 'a', models: ['flux-dev'], payload: { page: 1 } }]),
    )
    await settled(coordinator, spans, 3)
    const [send] = named('send default')
    expect(send?.kind).toBe(SpanKind.PRODUCER)
    expect(parentOf(send)).toBe(idOf(named('request')[0]))
    expect(send?.attributes).toMatchObject({
      'messaging.system': 'interlock',
      'messaging.destination.name': 'default',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.message.id': 'a',
    })
    const [process] = named('process default')
    expect(process?.kind).toBe(SpanKind.CONSUMER)
    expect(parentOf(process)).toBeUndefined()
    expect(traceOf(process)).not.toBe(traceOf(send))
    expect(linksOf(process)).toEqual([['sender', idOf(send)]])
    expect(process?.attributes).toMatchObject({
      'messaging.operation.type': 'process',
      'messaging.message.id': 'a',
      'messaging.client.id': coordinator.workerId,
      'interlock.job.type': 'normal',
      'interlock.job.kind': 'normal',
      'interlock.job.models': ['flux-dev'],
      'interlock.attempt': 1,
      'interlock.fencing_token': 2,
      'interlock.outcome': 'completed',
    })
  })

  it('goes on in the trace of the sender if asked to, and within it in the handler', async () => {
    const { telemetry, tracer, spans, named } = traced({ sender: 'parent', waits: false })
    const { coordinator } = await work(
      { handlers: { normal: () => within(tracer, 'work', async () => {}) } },
      { telemetry },
    )
    await coordinator.enqueue([{ jobId: 'a', models: [], payload: 1 }])
    await settled(coordinator, spans, 3)
    const [send] = named('send default')
    const [process] = named('process default')
    expect([parentOf(process), linksOf(process)]).toEqual([idOf(send), []])
    expect(parentOf(named('work')[0])).toBe(idOf(process))
    expect(new Set(spans().map(traceOf)).size).toBe(1)
  })

  it('tells what a job waited for, part by part, with the job in the way', () => {
    const { telemetry, spans, named } = traced()
    const begun = Date.now() / 1_000
    const queue = queueFor(telemetry)
    queue.follow()
    queue.at(0, { type: 'set_policy', policy: { ...defaultPolicy, maxActive: null } })
    queue.enqueue(1, ...['first', 'second'].map((jobId) => ({ jobId, models: ['flux-dev'] })))
    const first = queue.claim(3)
    queue.run(first)
    queue.at(6, { type: 'pause_model', model: 'flux-dev', reason: 'provider_down', until: null })
    queue.complete(7, first)
    queue.at(12, { type: 'resume_model', model: 'flux-dev' })
    queue.run(queue.claim(20))
    const [, wait] = named('wait default')
    expect(wait?.kind).toBe(SpanKind.INTERNAL)
    const told = wait?.events.map(({ name, attributes = {} }) => [
      name,
      // The jobs of one call are a microsecond apart.
      { ...attributes, 'interlock.wait.seconds': Math.round(Number(attributes['interlock.wait.seconds'])) },
    ])
    expect(told).toEqual([
      [
        'wait.line',
        {
          ...{ 'interlock.reason': 'behind_in_line', 'interlock.wait.seconds': 2 },
          ...{ 'interlock.model': 'flux-dev', 'interlock.blocked_by': 'first' },
        },
      ],
      [
        'wait.model',
        {
          ...{ 'interlock.reason': 'model_in_use', 'interlock.wait.seconds': 3 },
          ...{ 'interlock.model': 'flux-dev', 'interlock.blocked_by': 'first' },
        },
      ],
      [
        'wait.pause',
        { 'interlock.reason': 'model_paused', 'interlock.wait.seconds': 6, 'interlock.model': 'flux-dev' },
      ],
      ['wait.no_worker', { 'interlock.reason': 'offered', 'interlock.wait.seconds': 8 }],
    ])
    expect(wait?.attributes).toMatchObject({
      'messaging.message.id': 'second',
      'messaging.operation.name': 'wait',
      'interlock.wait.model.seconds': 3,
      'interlock.wait.pause.seconds': 6,
      'interlock.wait.no_worker.seconds': 8,
    })
    // By the clock of this process: it ends now, as the queue's time is now.
    expect(secondsOf(wait?.duration ?? [0, 0])).toBeCloseTo(19, 3)
    const ended = secondsOf(wait?.endTime ?? [0, 0])
    expect([ended >= Math.floor(begun), ended <= Math.ceil(Date.now() / 1_000)]).toEqual([true, true])
    // Without a sender, the attempt begins the trace.
    const process = spans().find(
      ({ name, attributes }) => name === 'process default' && attributes['messaging.message.id'] === 'second',
    )
    expect([parentOf(process), parentOf(wait)]).toEqual([undefined, idOf(process)])
  })

  it('says so when it has not seen the beginning of a wait, and leaves out one that was none', () => {
    const { telemetry, named } = traced()
    const queue = queueFor(telemetry)
    queue.enqueue(0, { jobId: 'old', models: ['a'] })
    queue.at(4, { type: 'tick' })
    queue.follow()
    const old = queue.claim(5)
    queue.run(old)
    queue.complete(6, old)
    queue.enqueue(10, { jobId: 'at once', models: ['b'] })
    queue.run(queue.claim(10))
    const waits = named('wait default')
    expect(waits.map(({ attributes }) => attributes['messaging.message.id'])).toEqual(['old'])
    expect(waits[0]?.events.map(({ name }) => name)).toEqual(['wait.unseen', 'wait.no_worker'])
    expect(waits[0]?.attributes).toMatchObject({
      'interlock.wait.unseen.seconds': 4,
      'interlock.wait.no_worker.seconds': 1,
    })
    expect(secondsOf(waits[0]?.duration ?? [0, 0])).toBeCloseTo(5, 3)
  })

  it('links an attempt to the one before it, and tells a failure without what the handler was given', async () => {
    const { telemetry, spans, named } = traced()
    let tries = 0
    const { coordinator } = await work(
      {
        retry: once,
        handlers: {
          normal: (job) => {
            if (++tries < 3)
              throw new TypeError(`cannot draw ${(job.payload as { prompt: string }).prompt} yet`)
          },
        },
      },
      { telemetry },
    )
    await coordinator.enqueue([{ jobId: 'a', models: ['m'], payload: { prompt: 'Secret Zebra' } }])
    await expect.poll(() => named('process default').length).toBe(3)
    const [send] = named('send default')
    const [first, second, third] = named('process default')
    expect(linksOf(first)).toEqual([['sender', idOf(send)]])
    expect(linksOf(second)).toEqual([
      ['sender', idOf(send)],
      ['attempt', idOf(first)],
    ])
    expect(linksOf(third)).toEqual([
      ['sender', idOf(send)],
      ['attempt', idOf(second)],
    ])
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'cannot draw … yet' })
    expect(first?.attributes).toMatchObject({
      'interlock.outcome': 'failed',
      'interlock.reason': 'handler_error',
      'error.type': 'TypeError',
    })
    expect(first?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['exception', { 'exception.type': 'TypeError', 'exception.message': 'cannot draw … yet' }],
    ])
    expect(
      JSON.stringify(spans().map(({ attributes, events, status }) => [attributes, events, status])),
    ).not.toMatch(/zebra/iu)
    expect(third?.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('makes a span of each step of a workflow, and links steps that hold their models in turn', async () => {
    const { telemetry, tracer, named } = traced({ sender: 'parent' })
    const coordinator = await join({ telemetry })
    const manager = createWorkflowManager({ coordinator, hold: 'step', runStep: () => 1 })
    const steps = [
      { name: 'draw', default_model: 'flux-dev' },
      { name: 'move', default_model: 'motion' },
    ]
    await within(tracer, 'request', () => manager.executeWorkflow('w', { steps }, { wait: true }))
    const [request] = named('request')
    const [first, second] = named('process default')
    expect([parentOf(first), parentOf(second)]).toEqual([idOf(request), idOf(request)])
    expect(first?.status.code).toBe(SpanStatusCode.UNSET)
    expect(first?.attributes['interlock.outcome']).toBe('postponed')
    expect(linksOf(second)).toContainEqual(['attempt', idOf(first)])
    const ran = named('step default')
    expect(ran.map((step) => [step.attributes['interlock.step.name'], parentOf(step)])).toEqual([
      ['draw', idOf(first)],
      ['move', idOf(second)],
    ])
  })

  it('keeps the context that a job brings along, and links the call to it', async () => {
    const { telemetry, spans, named } = traced({ waits: false })
    const { coordinator } = await work({ handlers: { normal: () => 1 } }, { telemetry })
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
    await coordinator.enqueue([
      { jobId: 'own', models: [], payload: 1, traceparent, tracestate: 'vendor=1' },
      { jobId: 'other', models: [], payload: 1, traceparent: 'not one' },
    ])
    await settled(coordinator, spans, 3)
    const [send] = named('send default')
    expect(send?.attributes['messaging.batch.message_count']).toBe(2)
    expect(linksOf(send)).toEqual([['job', 'cd'.repeat(8)]])
    const links = new Map(
      named('process default').map((span) => [span.attributes['messaging.message.id'], linksOf(span)]),
    )
    expect(links.get('own')).toEqual([['sender', 'cd'.repeat(8)]])
    expect(links.get('other')).toEqual([['sender', idOf(send)]])
    const [own] = await coordinator.data(['own'])
    expect(own?.trace).toEqual({ traceparent, tracestate: 'vendor=1' })
  })

  it('writes nothing for spans that nobody keeps, nor without propagateContext', async () => {
    for (const options of [{ sampler: new TraceIdRatioBasedSampler(0) }, { propagateContext: false }]) {
      const { telemetry } = traced(options)
      const { coordinator } = await work(
        { retry: once, handlers: { normal: () => Promise.reject(new RetryLater({ seconds: 60 })) } },
        { telemetry },
      )
      await coordinator.enqueue([{ jobId: 'a', models: [] }])
      await expect.poll(() => coordinator.state().waiting()[0]?.code).toBe('not_due')
      const [data] = await coordinator.data(['a'])
      expect(data?.trace).toBeNull()
    }
  })

  it('tells the wait of a program at the gate within its own span', async () => {
    const { telemetry, tracer, named } = traced()
    const coordinator = await join({ telemetry })
    await coordinator.onJobStart('first', 'normal', ['m'])
    const answer = within(tracer, 'request', () =>
      coordinator.onJobStart('second', 'normal', ['m'], { wait: true }),
    )
    await expect.poll(() => coordinator.state().waitingCount).toBe(1)
    await coordinator.onJobComplete('first', 'normal')
    expect((await answer).allowed).toBe(true)
    const [wait] = named('wait default')
    expect(parentOf(wait)).toBe(idOf(named('request')[0]))
    expect(wait?.events.map(({ attributes }) => attributes?.['interlock.blocked_by'])).toContain('first')
  })

  it('follows what jobs wait for once there is an SDK, and not before', () => {
    const provider = new ProxyTracerProvider()
    let followers = 0
    const telemetry = openTelemetry({ tracerProvider: provider })
    const queue = queueFor({
      ...telemetry,
      begin: (attempt) => telemetry.begin(attempt),
      follow: (followed) =>
        telemetry.follow({
          ...followed,
          follow: (listener) => {
            followers++
            followed.follow(listener)
          },
        }),
    })
    queue.follow()
    queue.enqueue(1, { jobId: 'a', models: ['m'] }, { jobId: 'b', models: ['m'] })
    const first = queue.claim(2)
    queue.run(first)
    expect(followers).toBe(0)
    const { provider: sdk, named } = traced()
    provider.setDelegate(sdk)
    queue.at(3, { type: 'tick' })
    queue.run(first)
    queue.complete(5, first)
    queue.run(queue.claim(6))
    expect(followers).toBe(1)
    const [wait] = named('wait default')
    expect(wait?.attributes).toMatchObject({
      'messaging.message.id': 'b',
      'interlock.wait.unseen.seconds': expect.closeTo(2, 3),
      'interlock.wait.model.seconds': 2,
      'interlock.wait.no_worker.seconds': 1,
    })
  })

  it('spends nothing without an SDK, and refuses wrong options', async () => {
    const { coordinator } = await work(
      { handlers: { normal: () => 1 } },
      { telemetry: openTelemetry({ propagateContext: true }) },
    )
    await coordinator.enqueue([{ jobId: 'a', models: [], payload: { x: 1 } satisfies Json }])
    await expect.poll(() => coordinator.state().activeCount + coordinator.state().waitingCount).toBe(0)
    expect((await coordinator.data(['a']))[0]?.trace).toBeNull()
    expect(trace.getActiveSpan()).toBeUndefined()
    expect(() => openTelemetry({ sender: 'child' as 'parent' })).toThrow('options.sender')
  })
})
