/** Puts jobs in line and empties it, with telemetry or without, as often as it is asked to, and says what that took. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { createCoordinator, silentLogger } from '../../src/engine/coordinator/index.ts'
import type { Telemetry } from '../../src/engine/store/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { createJobWorker } from '../../src/engine/worker/index.ts'
import { openTelemetry } from '../../src/tools/otel/index.ts'
import { answerEach } from '../frame/answerer.ts'
import { asked } from '../frame/child.ts'
import { keyNames, numberOf, payloadOf, resultOf, tasksOn } from '../peers/tasks.ts'

export type Way = 'none' | 'off' | 'traced'

export interface TelemetryOrder {
  readonly url: string
  readonly way: Way
  readonly slots: number
  readonly keys: number
}

/** So many jobs. */
export interface TelemetryQuestion {
  readonly count: number
}

export interface TelemetryReport {
  readonly elapsedMs: number
  readonly cpuMs: number
}

/** Enqueued together, as by a request that has ten jobs to give. */
const TOGETHER = 10

const { url, way, slots, keys } = asked<TelemetryOrder>()
const store = postgresStore(url)
const telemetry = telemetryFor(way)
const coordinator = await createCoordinator({ store, logger: silentLogger, telemetry })
await coordinator.setPolicy('by-model')
let made = 0
await answerEach<TelemetryQuestion>(measured)
await coordinator.close()
await store.close()
process.disconnect()

function telemetryFor(wanted: Way): Telemetry | undefined {
  if (wanted === 'none') return undefined
  if (wanted === 'off') return openTelemetry({ propagateContext: true })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new InMemorySpanExporter() })],
  })
  trace.setGlobalTracerProvider(tracerProvider)
  return openTelemetry({ propagateContext: true })
}

async function measured({ count }: TelemetryQuestion): Promise<TelemetryReport> {
  const tasks = [...tasksOn(keyNames(keys), count, made)]
  made += count
  const cpu = process.cpuUsage()
  const from = performance.now()
  const puts: Promise<unknown>[] = []
  for (let at = 0; at < tasks.length; at += TOGETHER) {
    const jobs = tasks.slice(at, at + TOGETHER).map(({ n, key }) => ({
      ...{ jobId: `job-${n}`, models: key === null ? [] : [key], payload: payloadOf(n) },
    }))
    puts.push(coordinator.enqueue(jobs))
  }
  await Promise.all(puts)
  await emptied(count)
  const { user, system } = process.cpuUsage(cpu)
  return { elapsedMs: performance.now() - from, cpuMs: (user + system) / 1_000 }
}

async function emptied(count: number): Promise<void> {
  const all = Promise.withResolvers<void>()
  let left = count
  const ends = coordinator.events$.subscribe((event) => {
    if (event.type === 'completed' && --left === 0) all.resolve()
  })
  const normal = (job: { readonly payload: unknown }) => resultOf(numberOf(job.payload))
  const worker = createJobWorker({ coordinator, concurrency: slots, handlers: { normal } })
  worker.start()
  await all.promise
  ends.unsubscribe()
  await worker.drain()
}
