/**
 * A process that makes traces, for tests: `node traced.ts <order as JSON>`. Every span that it ends becomes a line of its file. It does
 * what it is told: `send` jobs within a span of its own, `work`, and `go` for the handlers that wait.
 */
import { appendFileSync } from 'node:fs'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createJobWorker, type Job } from '../../../src/engine/worker/index.ts'
import { createCoordinator, type EnqueueInput, jsonLogger } from '../../../src/index.ts'
import { openTelemetry } from '../../../src/tools/otel/index.ts'

export interface TracedOrder {
  readonly url: string
  readonly service: string
  readonly spans: string
  readonly lines: string
  readonly sender: 'link' | 'parent'
}

/** A span as a line of the file. */
export interface SpanLine {
  readonly service: string
  readonly name: string
  readonly jobId: string | undefined
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | undefined
  readonly links: readonly { readonly what: unknown; readonly spanId: string; readonly traceId: string }[]
  readonly events: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
  }[]
  readonly attributes: Readonly<Record<string, unknown>>
}

export type Told =
  | { readonly type: 'send'; readonly jobs: readonly EnqueueInput[] }
  | { readonly type: 'work' | 'go' | 'end' }

const order = JSON.parse(process.argv[2] ?? '') as TracedOrder
const { url, service, sender } = order

const lineOf = (span: ReadableSpan): SpanLine => ({
  ...{ service, name: span.name, jobId: span.attributes['messaging.message.id'] as string | undefined },
  ...span.spanContext(),
  parent: span.parentSpanContext?.spanId,
  links: span.links.map(({ context: to, attributes }) => ({
    ...{ what: attributes?.['interlock.link'], spanId: to.spanId, traceId: to.traceId },
  })),
  events: span.events.map(({ name, attributes }) => ({ name, attributes: { ...attributes } })),
  attributes: { ...span.attributes },
})

const exporter: SpanExporter = {
  export: (spans, done) => {
    for (const span of spans) appendFileSync(order.spans, `${JSON.stringify(lineOf(span))}\n`)
    done({ code: 0 })
  },
  shutdown: async () => {},
  forceFlush: async () => {},
}
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

const store = postgresStore(url)
const coordinator = await createCoordinator({
  ...{ store, pollMs: 200 },
  logger: jsonLogger((line) => appendFileSync(order.lines, `${line}\n`)),
  telemetry: openTelemetry({ tracerProvider, propagateContext: true, sender }),
})

const held: (() => void)[] = []
const worker = createJobWorker({ coordinator, retry: { baseMs: 500, jitter: 0 }, handlers: { '*': run } })

/** `hold`: until the test says so. `fail_in`: fails in the process of that name, which takes nothing more. */
async function run(job: Job): Promise<void> {
  const { hold, fail_in: failIn } = (job.payload ?? {}) as { hold?: boolean; fail_in?: string }
  process.send?.({ runs: job.jobId })
  if (hold === true) await new Promise<void>((resolve) => held.push(resolve))
  if (failIn !== service) return
  void worker.drain()
  throw new Error(`the provider of ${service} is away`)
}

async function send(jobs: readonly EnqueueInput[]): Promise<void> {
  const span = tracerProvider.getTracer('test').startSpan('request')
  await context.with(trace.setSpan(context.active(), span), () => coordinator.enqueue(jobs))
  span.end()
  process.send?.({ sent: jobs.length })
}

async function end(): Promise<void> {
  await worker.drain()
  await coordinator.close()
  await store.close()
  process.disconnect()
}

process.on('message', (told: Told) => {
  if (told.type === 'send') void send(told.jobs)
  if (told.type === 'work') worker.start()
  if (told.type === 'go') for (const go of held.splice(0)) go()
  if (told.type === 'end') void end()
})
process.send?.({ ready: true })
// What it knows itself: another process may know it earlier.
coordinator.state$.subscribe(
  ({ activeCount, waitingCount }) => void process.send?.({ active: activeCount, waiting: waitingCount }),
)
