/** The figures of a queue as instruments of OpenTelemetry: what a real SDK reads is what Prometheus scrapes. */
import type { Attributes } from '@opentelemetry/api'
import { DataPointType, MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { openTelemetryMetrics } from '../../../src/tools/otel/index.ts'
import { createMetrics, type Metered } from '../../../src/tools/prometheus/index.ts'
import { join } from '../../servers/coordinator/support.ts'
import { figuresIn } from '../../servers/prometheus/support.ts'
import { closedAfterTest } from '../../support/this-test.ts'

/** Reads when it is asked to. */
class Reader extends MetricReader {
  async read(): Promise<readonly MetricData[]> {
    const { resourceMetrics, errors } = await this.collect()
    expect(errors).toEqual([])
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
  }

  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

const shutDownAfter = closedAfterTest<MeterProvider>((provider) => provider.shutdown())

function sdk() {
  const reader = new Reader()
  const provider = new MeterProvider({ readers: [reader] })
  shutDownAfter(provider)
  return { reader, meter: provider.getMeter('test') }
}

/** As it is until `stop`; then as it was at that moment, so that two readings have one time. It also has rows and tables. */
function stoppable(coordinator: Coordinator) {
  const vitals = () => ({
    ...coordinator.vitals(),
    projection: { events: 2, ms: 1_500, setAside: 1 },
    intake: { rows: 7, ms: 250 },
  })
  let stopped: { readonly vitals: ReturnType<typeof vitals>; readonly now: number } | undefined
  const metered: Metered = {
    queue: coordinator.queue,
    changes$: coordinator.changes$,
    ledger: () => coordinator.ledger(),
    vitals: () => stopped?.vitals ?? vitals(),
    now: () => stopped?.now ?? coordinator.now(),
  }
  return { metered, stop: () => (stopped = { vitals: vitals(), now: coordinator.now() }) }
}

const labelled = (name: string, labels: Attributes): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return `${name}{${pairs.join(',')}}`
}

/** What the SDK has read, by the names and in the order that Prometheus has. */
function samplesOf({ descriptor: { name }, ...data }: MetricData): readonly (readonly [string, number])[] {
  if (data.dataPointType === DataPointType.HISTOGRAM)
    return data.dataPoints.flatMap(({ attributes, value: { buckets, count, sum } }) => {
      let below = 0
      const bounds = [
        ...buckets.boundaries.map((bound) => (bound % 1 === 0 ? `${bound}.0` : `${bound}`)),
        '+Inf',
      ]
      return [
        ...bounds.map((le, i) => {
          below += buckets.counts[i] ?? 0
          return [labelled(`${name}_bucket`, { ...attributes, le }), below] as const
        }),
        [labelled(`${name}_sum`, attributes), sum ?? Number.NaN] as const,
        [labelled(`${name}_count`, attributes), count] as const,
      ]
    })
  const counts = data.dataPointType === DataPointType.SUM && data.isMonotonic
  const whole = counts ? `${name}_total` : name
  return data.dataPoints.map(({ attributes, value }) => [labelled(whole, attributes), Number(value)] as const)
}

async function takes(coordinator: Coordinator) {
  const [one] = await coordinator.claim({ max: 1, kinds: null })
  if (one === undefined) throw new Error('nothing was started')
  return one.lease
}

/** Something of everything: ends of several kinds, a job that is tried again, one that is lost, and many reasons to wait. */
async function run(coordinator: Coordinator): Promise<void> {
  await coordinator.setPolicy({ maxActive: null, maxOvertakes: 1, capacity: { big: 2 } })
  await coordinator.enqueue([
    ...['a', 'b', 'c', 'd'].map((jobId) => ({ jobId, models: ['m'], attempts: 2 })),
    { jobId: 'wide', models: ['m', 'n'] },
    { jobId: 'passes', models: ['n'] },
    { jobId: 'paused', models: ['p'] },
    { jobId: 'big', models: ['big'] },
    { jobId: 'later', models: ['m'], runAt: new Date(Date.now() + 60_000) },
  ])
  await coordinator.pauseModel('p', { reason: 'provider_down' })
  await coordinator.complete(await takes(coordinator))
  await coordinator.fail(await takes(coordinator), { retryAt: null, error: new Error('no') })
  await coordinator.cancel('c')
  const stale = { ...(await takes(coordinator)), fencingToken: 1 }
  await expect(coordinator.complete(stale)).rejects.toMatchObject({ code: 'stale_token' })
}

describe('openTelemetryMetrics', () => {
  it('has every family that a scrape has, sample by sample', async () => {
    const { reader, meter } = sdk()
    const coordinators = [await join(), await join({ queue: 'renders' })]
    const all = coordinators.map(stoppable)
    const options = { coordinator: all.map(({ metered }) => metered), models: ['m'], runBuckets: [0.5, 1, 2] }
    const scraped = createMetrics(options)
    const figures = openTelemetryMetrics({ ...options, meter })
    for (const coordinator of coordinators) await run(coordinator)
    for (const { stop } of all) stop()

    const text = scraped.text()
    const expected = figuresIn(text)
    const read = await reader.read()
    const told = new Map(read.flatMap(samplesOf))
    expect([...told.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [name, value] of expected) expect(told.get(name), name).toBeCloseTo(value, 6)
    expect(expected.get('interlock_queue_wait_seconds_count{queue="renders"}')).toBeGreaterThan(1)
    expect(expected.get('interlock_queue_run_seconds_count{queue="default"}')).toBeGreaterThan(1)
    // The same words, and the kind that the family has.
    const titles = [...text.matchAll(/^# TYPE (\S+) (\S+)\n# HELP \S+ (.*)$/gm)]
    const described = read.map(({ descriptor: { name, description }, ...data }) => {
      const counts = data.dataPointType === DataPointType.SUM
      const isHistogram = data.dataPointType === DataPointType.HISTOGRAM
      const kind = counts ? 'counter' : isHistogram ? 'histogram' : 'gauge'
      return `${name}${counts ? '_total' : ''} ${kind}: ${description}`
    })
    const help = titles.map(([, name, kind, words]) => `${name} ${kind}: ${words?.replaceAll('\\\\', '\\')}`)
    expect(described.sort()).toEqual(help.sort())
    figures.close()
    scraped.close()
  })

  it('counts from when it was made, until it is closed', async () => {
    const { reader, meter } = sdk()
    const coordinator = await join()
    await coordinator.enqueue([{ jobId: 'before', models: ['m'] }])
    const figures = openTelemetryMetrics({ coordinator, meter })
    const of = async (name: string) =>
      new Map((await reader.read()).flatMap(samplesOf)).get(`${name}{queue="default"}`)
    await coordinator.complete(await takes(coordinator))
    expect(await of('interlock_queue_enqueued_total')).toBe(0)
    expect(await of('interlock_queue_run_seconds_count')).toBe(1)
    figures.close()
    await coordinator.enqueue([{ jobId: 'after', models: ['m'] }])
    await coordinator.complete(await takes(coordinator))
    expect(await of('interlock_queue_run_seconds_count')).toBe(1)
    expect(await of('interlock_queue_enqueued_total')).toBe(0)
  })

  it('refuses what is no meter of OpenTelemetry', async () => {
    const coordinator = await join()
    const refused = (meter: unknown) => () => openTelemetryMetrics({ coordinator, meter: meter as never })
    for (const meter of [undefined, {}, 'meter', sdk().reader])
      expect(refused(meter)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    expect(refused({})).toThrow('options.meter')
  })
})
