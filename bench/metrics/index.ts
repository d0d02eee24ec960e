import { setTimeout } from 'node:timers/promises'
import { PACKAGE_VERSION } from '../../src/engine/coordinator/base/package-version.ts'
import { type Decision, defaultPolicy } from '../../src/engine/core/index.ts'
import { familiesOf, meterOptions, QueueCensus, QueueMeter } from '../../src/tools/figures/index.ts'
import type { CensusReading } from '../../src/tools/figures/meter/queue-census.ts'
import { readingOf } from '../../src/tools/figures/meter/reading.ts'
import { answerTo } from '../../src/tools/prometheus/answer.ts'
import { CoreQueue, plainSpec } from '../core-queue.ts'
import { type Bench, type Context, type Row, sized } from '../frame/bench.ts'
import { median } from '../frame/statistics.ts'

const MODELS = 10_000
const AT_ONCE = 500
const SCRAPES = 20
/** Long enough for what a scrape counts beside other work. */
const REST_MS = 400

/** A queue with so many jobs waiting, with and without figures: what they cost per event, and what a scrape costs then. */
function measured(waiting: number, turns: number) {
  const queue = new CoreQueue()
  const meter = new QueueMeter(meterOptions({}))
  meter.begin(queue.ledger)
  const spent = { deciding: 0, metering: 0, events: 0 }
  const follow = (decide: () => Decision) => {
    const began = performance.now()
    const decision = decide()
    const decided = performance.now()
    meter.see(decision)
    spent.deciding += decided - began
    spent.metering += performance.now() - decided
    spent.events += decision.events.length
    return decision
  }
  follow(() => queue.send({ type: 'set_policy', policy: { ...defaultPolicy, maxActive: null } }))
  for (let from = 0; from < waiting; from += AT_ONCE) {
    const specs = Array.from({ length: Math.min(AT_ONCE, waiting - from) }, (_, n) =>
      plainSpec(`job-${from + n}`, [`model-${(from + n) % MODELS}`]),
    )
    follow(() => queue.send({ type: 'enqueue', specs }))
  }
  const running: { readonly jobId: string; readonly token: number }[] = []
  const note = ({ events }: Decision) => {
    for (const event of events)
      if (event.type === 'started') running.push({ jobId: event.jobId, token: event.seq })
  }
  note(follow(() => queue.send({ type: 'claim' }, { max: 64, kinds: null })))
  const coming = { ...spent }
  for (let turn = 0; turn < turns; turn++) {
    const attempt = running.shift()
    if (attempt === undefined) break
    note(follow(() => queue.send({ type: 'complete', ...attempt }, { max: 1, kinds: null })))
  }
  const perEvent = (what: 'deciding' | 'metering') =>
    ((spent[what] - coming[what]) * 1_000) / Math.max(1, spent.events - coming.events)
  const answer = (accept: string, census: CensusReading | null) => {
    const reading = readingOf(meter, queue.now)
    const known = {
      queues: [{ queue: 'default', now: queue.now, reading, created: 0, census, log: null }],
      processes: [],
    }
    const request = new Request('http://localhost/metrics', { headers: { accept } })
    void answerTo(request, familiesOf(known))
  }
  const scrape = (accept: string) => {
    const began = performance.now()
    answer(accept, null)
    return performance.now() - began
  }
  /** Milliseconds of CPU of each of some scrapes, the first one of all included, with what it counts after its answer. */
  const counted = async (context: Context) => {
    const worker = {
      workerId: 'w',
      state: 'live',
      kinds: null,
      freeSlots: 1,
      release: PACKAGE_VERSION,
    } as const
    const census = new QueueCensus(async () => ({ workers: [worker as never], outside: null }))
    const spent: number[] = []
    // What building the queue has left to the garbage collector.
    await setTimeout(sized(context, 3_000, 1))
    for (let n = 0; n < sized(context, 10, 2); n++) {
      const began = process.cpuUsage()
      answer('text/plain', census.read(queue.ledger, queue.now))
      await setTimeout(sized(context, REST_MS, 1))
      const { user, system } = process.cpuUsage(began)
      spent.push((user + system) / 1_000)
    }
    return spent
  }
  return { perEvent, scrape, counted, coming: (coming.metering * 1_000) / coming.events }
}

async function metricsRows(context: Context): Promise<readonly Row[]> {
  const waiting = sized(context, 100_000, 1_000)
  const turns = sized(context, 20_000, 50)
  const samples = {
    text: [] as number[],
    open: [] as number[],
    worst: [] as number[],
    counting: [] as number[],
    metering: [] as number[],
    deciding: [] as number[],
    coming: [] as number[],
  }
  for (let run = 0; run < context.runs; run++) {
    context.progress(`run ${run + 1}: ${waiting.toLocaleString('en')} jobs wait`)
    const { perEvent, scrape, counted, coming } = measured(waiting, turns)
    for (const [accept, all] of [
      ['text/plain', samples.text],
      ['application/openmetrics-text', samples.open],
    ] as const) {
      const scrapes = Array.from({ length: SCRAPES }, () => scrape(accept))
      all.push(median(scrapes))
      samples.worst.push(Math.max(...scrapes))
    }
    samples.counting.push(...(await counted(context)))
    samples.metering.push(perEvent('metering'))
    samples.deciding.push(perEvent('deciding'))
    samples.coming.push(coming)
  }
  const goal = { most: 20 }
  return [
    {
      what: `a scrape, text format, ${waiting} jobs of 10,000 models waiting`,
      unit: 'ms',
      samples: samples.text,
      goal,
    },
    { what: 'the same, OpenMetrics', unit: 'ms', samples: samples.open, goal },
    { what: `the slowest of ${SCRAPES} scrapes, the first one included`, unit: 'ms', samples: samples.worst },
    {
      what: 'CPU of a scrape with the count of all jobs by code, which goes on after its answer',
      unit: 'ms',
      samples: samples.counting,
      goal: { most: 100 },
    },
    { what: 'figures, per event of ends and starts', unit: 'µs', samples: samples.metering },
    { what: 'deciding the same events, for comparison', unit: 'µs', samples: samples.deciding },
    { what: 'figures, per job that comes', unit: 'µs', samples: samples.coming },
  ]
}

export const metricsBench: Bench = {
  name: 'metrics',
  about: 'What figures for Prometheus cost: a scrape, the median of twenty, and the count of each event.',
  run: metricsRows,
}
