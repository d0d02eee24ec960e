// Slow: needs Prometheus.
/** Figures of a queue: what they say, held to the log and the ledger, and to promtool. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  emptyLedger,
  endsAttempt,
  fold,
  isDeath,
  jobOf,
  type Ledger,
  outcomeOf,
  outcomes,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { meterOptions, QueueMeter } from '../../../src/tools/figures/index.ts'
import { readingOf } from '../../../src/tools/figures/meter/reading.ts'
import { createMetrics } from '../../../src/tools/prometheus/index.ts'
import { join } from '../../servers/coordinator/support.ts'
import { figuresIn, promtool } from '../../servers/prometheus/support.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { holds, PATIENCE, runs } from '../../support/runs.ts'
import { eventsOf, play } from '../../support/simulate.ts'

async function started(coordinator: Awaited<ReturnType<typeof join>>) {
  const [one] = await coordinator.claim({ max: 1, kinds: null })
  if (one === undefined) throw new Error('nothing was started')
  return one.lease
}

describe('createMetrics', () => {
  it('says of resources that the policy limits what was reserved, used and overrun, of those of a pattern together', async () => {
    const coordinator = await join()
    const metrics = createMetrics({ coordinator })
    await coordinator.setPolicy({ maxActive: null, uses: { '*pm': { limit: 100, perSeconds: 60 } } })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'], uses: { tpm: 6, rpm: 4, free: 3 } }])
    await coordinator.complete(await started(coordinator), { used: { tpm: 8 } })
    const sums = [...figuresIn(metrics.text())].filter(([name]) => name.includes('_resource_'))
    expect(Object.fromEntries(sums.filter(([name]) => name.includes('_total')))).toEqual({
      'interlock_queue_resource_reserved_total{queue="default",resource="*pm"}': 10,
      'interlock_queue_resource_used_total{queue="default",resource="*pm"}': 12,
      'interlock_queue_resource_overruns_total{queue="default",resource="*pm"}': 1,
    })
    await coordinator.close()
  })

  it('says what waits and why, what runs and what ended, in a text that promtool has nothing to say to', async () => {
    const coordinator = await join()
    const metrics = createMetrics({ coordinator })
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'A', models: ['m'] },
      { jobId: 'B', models: ['m', 'quo"te\\'] },
      { jobId: 'later', models: ['m'], runAt: new Date(Date.now() + 60_000) },
      { jobId: 'C', models: ['other'] },
      { jobId: 'P', models: ['p'] },
    ])
    await coordinator.pauseModel('p', { reason: 'provider_down' })
    const lease = await started(coordinator)
    const said = () => figuresIn(metrics.text())
    const of = (name: string, labels = '') => said().get(`interlock_${name}{queue="default"${labels}}`)
    expect(of('queue_running_jobs')).toBe(1)
    expect(of('queue_startable_jobs')).toBe(1)
    for (const [reason, count] of [
      ['model_in_use', 1],
      ['not_due', 1],
      ['model_paused', 1],
      ['offered', 1],
      ['behind_in_line', 0],
    ] as const)
      expect(of('queue_waiting_jobs', `,reason="${reason}"`), reason).toBe(count)
    for (const [model, running, waiting] of [
      ['m', 1, 1],
      ['quo\\"te\\\\', 0, 1],
      ['p', 0, 1],
      ['other', 0, 1],
    ] as const) {
      expect(of('queue_model_running_jobs', `,model="${model}"`), model).toBe(running)
      expect(of('queue_model_waiting_jobs', `,model="${model}"`), model).toBe(waiting)
      expect(of('queue_model_places', `,model="${model}"`), model).toBe(1)
    }
    expect(of('queue_paused_models')).toBe(1)
    expect(of('queue_oldest_startable_seconds')).toBeGreaterThan(0)
    expect(of('queue_oldest_in_line_seconds')).toBeGreaterThan(0)
    expect(of('process_running_jobs')).toBe(1)
    // A worker that goes on with an attempt of before.
    const stale = { ...lease, fencingToken: lease.fencingToken - 1 }
    await expect(coordinator.complete(stale)).rejects.toMatchObject({ code: 'stale_token' })
    expect(of('process_stale_writes_refused_total')).toBe(1)
    await coordinator.complete(lease)
    await coordinator.complete(await started(coordinator))
    expect(of('queue_starts_total')).toBe(2)
    expect(of('queue_ends_total', ',outcome="completed"')).toBe(2)
    expect(of('queue_wait_seconds_count')).toBe(2)
    expect(of('queue_wait_seconds_bucket', ',le="+Inf"')).toBe(2)
    expect(of('process_appends_total')).toBeGreaterThan(4)
    expect(await promtool(['check', 'metrics'], metrics.text())).toBe('fine')
    metrics.close()
  })

  it('answers in the format that a scraper asks for, with the time since which it counts', async () => {
    const metrics = createMetrics({ coordinator: await join() })
    const ask = (accept: string) =>
      metrics.fetch(new Request('http://localhost/metrics', { headers: { accept } }))
    const typeOf = (accept: string) => ask(accept).headers.get('content-type')?.split(';')[0]
    // What Prometheus 2.53 and 3 send, a browser, and somebody who wants anything.
    expect(
      typeOf(
        'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      ),
    ).toBe('application/openmetrics-text')
    expect(
      typeOf('application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.5'),
    ).toBe('application/openmetrics-text')
    for (const accept of [
      '',
      '*/*',
      'text/html,*/*;q=0.8',
      'application/openmetrics-text;q=0, text/plain',
      'a;q=b;,',
    ])
      expect(typeOf(accept), accept).toBe('text/plain')
    const open = await ask('application/openmetrics-text').text()
    expect(open.endsWith('# EOF\n')).toBe(true)
    expect(open).toContain('# TYPE interlock_queue_starts counter\n')
    expect(open).toMatch(/^interlock_queue_starts_created\{queue="default"\} \d{10}/m)
    expect(open).toContain('# UNIT interlock_queue_wait_seconds seconds\n')
    const plain = metrics.text()
    expect(plain).toContain('# TYPE interlock_queue_starts_total counter\n')
    expect(plain).not.toContain('_created')
    expect(plain).not.toContain('EOF')
    metrics.close()
  })

  it('goes on from the queue as it is if counting fails, and ends no process', async () => {
    const coordinator = await join()
    const metrics = createMetrics({ coordinator })
    const broken = vi.spyOn(QueueMeter.prototype, 'see').mockImplementation(() => {
      throw new Error('for this test')
    })
    await coordinator.enqueue([{ jobId: 'A', models: ['m'] }])
    broken.mockRestore()
    await coordinator.enqueue([{ jobId: 'B', models: ['n'] }])
    const said = figuresIn(metrics.text())
    expect(said.get('interlock_queue_enqueued_total{queue="default"}')).toBe(1)
    expect(said.get('interlock_queue_model_waiting_jobs{queue="default",model="m"}')).toBe(1)
    metrics.close()
  })

  it('of several processes says the same of the queue in each, and of each what it did itself', async () => {
    const store = memoryStore()
    const [one, two] = [await join({ store }), await join({ store })]
    const [first, second] = [createMetrics({ coordinator: one }), createMetrics({ coordinator: two })]
    await one.enqueue(['A', 'B', 'C'].map((jobId) => ({ jobId, models: ['m'] })))
    await two.complete(await started(two))
    await one.catchUp()
    await two.catchUp()
    // Ages and seconds go on between the two readings.
    const queueWide = (text: string) =>
      [...figuresIn(text)].filter(
        ([name]) => name.startsWith('interlock_queue_') && !/seconds|folded|log_events/.test(name),
      )
    expect(queueWide(first.text())).toEqual(queueWide(second.text()))
    const runningIn = (text: string) =>
      figuresIn(text).get('interlock_process_commands_total{queue="default"}')
    expect(runningIn(first.text())).not.toBe(runningIn(second.text()))
    first.close()
    second.close()
  })

  it('with 10,000 models names a hundred, the busiest and those of the policy, and keeps their names', async () => {
    const coordinator = await join()
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ jobId: `j${from + n}`, models: [`m${from + n}`] }))
    await coordinator.setPolicy({ capacity: { 'of-the-policy': 3 } })
    await coordinator.enqueue(many(0, 10_000))
    await coordinator.enqueue([{ jobId: 'busy', models: ['m7777'] }])
    const metrics = createMetrics({ coordinator, models: ['listed'] })
    const models = () => {
      const names = [...figuresIn(metrics.text()).keys()].flatMap(
        (name) => /^interlock_queue_model_waiting_jobs\{.*model="(.*)"\}$/.exec(name)?.[1] ?? [],
      )
      return names
    }
    const before = models()
    expect(before).toHaveLength(101)
    expect(before).toEqual(expect.arrayContaining(['listed', 'of-the-policy', 'm7777', 'other']))
    await coordinator.enqueue(many(20_000, 1_000))
    expect(models()).toEqual(before)
    const said = figuresIn(metrics.text())
    const waiting = before.map(
      (model) => said.get(`interlock_queue_model_waiting_jobs{queue="default",model="${model}"}`) ?? 0,
    )
    expect(waiting.reduce((sum, one) => sum + one, 0)).toBe(11_001)
    expect(said.get('interlock_queue_model_places{queue="default",model="other"}')).toBe(11_000 - 98)
    metrics.close()
  })

  it.each([
    [{}, 'options.coordinator'],
    [{ coordinator: {} }, 'options.coordinator'],
    [{ maxModels: -1 }, 'options.maxModels'],
    [{ models: 'm' }, 'options.models'],
    [{ waitBuckets: [1, 1] }, 'options.waitBuckets'],
    [{ runBuckets: [] }, 'options.runBuckets'],
  ])('refuses %j', async (options, where) => {
    const whole =
      'coordinator' in options || where === 'options.coordinator'
        ? options
        : { coordinator: await join(), ...options }
    expect(() => createMetrics(whole as never)).toThrow(
      expect.objectContaining({ code: 'invalid_input', details: { path: where } }),
    )
  })
})

describe('a meter', () => {
  const meter = () => new QueueMeter(meterOptions({ maxModels: 3 }))

  it(
    'says what the ledger and the log say, whatever happens and however many events come at once',
    holds([arbitraryRun({ maxLength: 120 }), fc.integer({ min: 1, max: 40 })], 100, (steps, atOnce) => {
      const events = eventsOf(play(steps))
      const metered = meter()
      metered.begin(emptyLedger)
      let ledger = emptyLedger
      for (let from = 0; from < events.length; from += atOnce) {
        const some = events.slice(from, from + atOnce)
        const folded = fold(ledger, some)
        ledger = folded.ledger
        metered.see({ ...folded, events: some })
      }
      const now = ledger.lastAt + 1_000
      const said = readingOf(metered, now)
      expect(said.counts).toMatchObject(countsOf(events))
      expect(said.runs.count).toBe(events.filter(endsAttempt).length)
      expect(said.waits.count).toBe(said.counts.starts)
      const waiting = [...ledger.jobs].filter(({ active }) => !active)
      expect([...said.waiting.values()].reduce((sum, count) => sum + count, 0)).toBe(waiting.length)
      const inLine = waiting.filter(({ dueAt, held }) => dueAt === null && held === null)
      expect(said.inLine).toBe(inLine.length)
      const places = inLine.reduce((sum, { spec }) => sum + spec.models.length, 0)
      const held = waiting.filter(({ held: beside }) => beside !== null).length
      expect(said.models.reduce((sum, one) => sum + one.waiting, 0)).toBe(places + held)
      for (const { waiting: of, running } of said.models)
        expect(Math.min(of, running)).toBeGreaterThanOrEqual(0)
      const overtaken = [...ledger.jobs].reduce((sum, job) => sum + job.overtaken, 0)
      expect(said.counts.overtakes).toBeGreaterThanOrEqual(overtaken)
    }),
    PATIENCE,
  )

  it(
    'counts each second of each waiting job in one cause',
    () => {
      fc.assert(
        fc.property(
          arbitraryRun({ maxLength: 120 }),
          fc.array(fc.nat(100), { maxLength: 10 }),
          (steps, looks) => {
            const metered = meter()
            metered.begin(emptyLedger)
            let ledger = emptyLedger
            let waited = 0
            const scrapes = new Set(looks)
            const events = eventsOf(play(steps))
            for (const [i, event] of events.entries()) {
              // Every waiting job waits until the next event.
              waited += (event.at - ledger.lastAt) * waitingIn(ledger)
              const folded = fold(ledger, [event])
              ledger = folded.ledger
              metered.see({ ...folded, events: [event] })
              if (scrapes.has(i)) readingOf(metered, event.at)
            }
            const { waited: split } = readingOf(metered, ledger.lastAt)
            const sum = [...split.values()].reduce((all, seconds) => all + seconds, 0)
            expect(sum).toBeCloseTo(waited / 1_000_000, 5)
          },
        ),
        { numRuns: runs(100) },
      )
    },
    PATIENCE,
  )

  it('goes on from a snapshot where events were passed over, and loses no count', () => {
    const metered = meter()
    const at = (seq: number): RecordedEvent => ({
      ...{ type: 'queued', jobId: `j${seq}`, seq, at: seq * 1_000_000, commandId: 'c', commandHash: 0 },
      spec: { ...playedSpec(), jobId: `j${seq}` },
    })
    metered.begin(emptyLedger)
    const first = fold(emptyLedger, [at(1)])
    metered.see({ ...first, events: [at(1)] })
    const skipped = fold(first.ledger, [at(2), at(3)]).ledger
    metered.begin(skipped)
    const said = readingOf(metered, 4_000_000)
    expect(said.counts.queued).toBe(1)
    expect(said.waitingCount).toBe(3)
    expect(said.inLine).toBe(3)
    expect(jobOf(metered.ledger, 'j3')).toBeDefined()
  })
})

/** Between the end of an attempt and its `requeued`, in one append, a job neither runs nor waits. */
const waitingIn = ({ jobs }: Ledger) =>
  [...jobs].filter(({ active, dueAt }) => !active && dueAt !== Number.POSITIVE_INFINITY).length

function playedSpec() {
  const [turn] = play([{ elapsed: 1, worker: 0, claim: null, act: { type: 'enqueue', wishes: [wish] } }])
  const [event] = turn?.decision.events ?? []
  if (event?.type !== 'queued') throw new Error('nothing was queued')
  return event.spec
}
const wish = {
  ...{ id: 1, kind: 'normal', models: ['a'], priority: 0, delayMs: null, attempts: 1 },
  ...{ expireMs: null, timeoutMs: 60_000, fairKey: null, dedupe: null, after: [] },
}

function countsOf(events: readonly RecordedEvent[]) {
  const count = (is: (event: RecordedEvent) => boolean) => events.filter(is).length
  return {
    queued: count(({ type }) => type === 'queued'),
    starts: count(({ type }) => type === 'started'),
    leasesExpired: count(({ type }) => type === 'lease_expired'),
    died: count(isDeath),
    ends: Object.fromEntries(
      outcomes.map((outcome) => [outcome, count((event) => outcomeOf(event) === outcome)]),
    ),
  }
}
