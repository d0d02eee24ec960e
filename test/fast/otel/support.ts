import { context, type HrTime, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import {
  type CommandBody,
  decide,
  emptyLedger,
  fold,
  type Ledger,
  type QueueChange,
  type RecordedEvent,
  type Started,
} from '../../../src/engine/core/index.ts'
import { type EnqueueInput, parseJobs } from '../../../src/engine/events/index.ts'
import { type OpenTelemetryOptions, openTelemetry, type Telemetry } from '../../../src/tools/otel/index.ts'
import { closedAfterTest } from '../../support/this-test.ts'

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

const shutDownAfter = closedAfterTest<TracerProvider>((provider) => provider.shutdown())

/** Telemetry of a process of its own, and the spans that it has ended. */
export function traced(options: OpenTelemetryOptions & { readonly sampler?: Sampler } = {}) {
  const { sampler, ...rest } = options
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(sampler && { sampler }),
  })
  shutDownAfter(provider)
  const telemetry = openTelemetry({ tracerProvider: provider, propagateContext: true, ...rest })
  const spans = () => exporter.getFinishedSpans()
  /** Those of that name, in the order in which they ended. */
  const named = (name: string) => spans().filter((span) => span.name === name)
  return { telemetry, provider, tracer: provider.getTracer('test'), spans, named }
}

/** A queue that goes on in time of the test's own: each command at its second, from 14:00 on. */
export function queueFor(telemetry: Telemetry) {
  let ledger = emptyLedger
  let now = START
  let commands = 0
  let listener: (change: QueueChange) => void = () => {}
  let missed: { readonly before: Ledger; readonly events: RecordedEvent[] } | undefined
  const queue = {
    /** What happens from now on is heard at once, when it is `back`. */
    away: () => {
      missed = { before: ledger, events: [] }
    },
    back: () => {
      if (missed !== undefined) listener({ ...fold(missed.before, missed.events), events: missed.events })
      missed = undefined
    },
    follow: () =>
      telemetry.follow({
        ...{ queue: 'default', workerId: () => 'worker', ledger: () => ledger, now: () => now },
        follow: (given) => (listener = given),
      }),
    at(second: number, body: CommandBody, claims = 0): readonly Started[] {
      now = START + second * 1_000_000
      const claim = claims === 0 ? {} : { claim: { max: claims, kinds: null } }
      const command = { id: `c-${++commands}`, hash: 1, workerId: 'worker', body, ...claim }
      const { results, ...change } = decide(ledger, [command], { now, deadWorkers: new Set() })
      ledger = change.ledger
      if (missed === undefined) listener(change)
      else missed.events.push(...change.events)
      const [result] = results
      if (result?.ok !== true) throw new Error(result?.message)
      return result.started
    },
    enqueue: (second: number, ...jobs: readonly EnqueueInput[]) =>
      queue.at(second, { type: 'enqueue', specs: parseJobs(jobs).map(({ spec }) => spec) }),
    claim: (second: number) => queue.at(second, { type: 'claim' }, 1)[0] as Started,
    complete: (second: number, { lease: { jobId, fencingToken: token } }: Started) =>
      queue.at(second, { type: 'complete', jobId, token }),
    run: (started: Started) =>
      telemetry
        .begin({ queue: 'default', started, given: [], trace: null, isCalled: false })
        .end({ outcome: 'completed' }),
  }
  return queue
}

const START = Date.UTC(2026, 10, 24, 14) * 1_000

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
export const parentOf = (span: ReadableSpan | undefined): string | undefined =>
  span?.parentSpanContext?.spanId
/** The spans that it links to, each with what it is. */
export const linksOf = (span: ReadableSpan | undefined) =>
  (span?.links ?? []).map((link) => [link.attributes?.['interlock.link'], link.context.spanId])
export const secondsOf = ([seconds, nanos]: HrTime): number => seconds + nanos / 1e9
