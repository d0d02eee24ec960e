// Slow: needs a Python with psycopg.
/** One job through three processes is one trace, also when a program in Python put it in line; nothing of it is in the log. */
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { explain } from '../../../src/tools/operate/index.ts'
import { allEnded, endOf, scene } from '../../servers/process/support.ts'
import { brief } from '../../support/flags.ts'
import { compiled } from '../../support/program.ts'
import { pythonPrograms, pythonWithPsycopg } from '../../support/python.ts'
import { atEnd } from '../../support/this-test.ts'
import type { SpanLine, Told, TracedOrder } from './traced.ts'

let python: string
let programs: string
beforeAll(() => {
  python = pythonWithPsycopg()
  programs = pythonPrograms()
}, 180_000)

const linesOf = <T>(file: string): readonly T[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as T)
    : []

async function processes(url: string, sender: TracedOrder['sender']) {
  const folder = mkdtempSync(path.join(tmpdir(), 'interlock-traces-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const [spans, lines] = [path.join(folder, 'spans'), path.join(folder, 'lines')]
  const start = async (service: string) => {
    const order: TracedOrder = { url, service, sender, spans, lines }
    const child = fork(await compiled('test/slow/process/traced.ts'), [JSON.stringify(order)], {
      execArgv: [...brief],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    atEnd(() => void child.kill('SIGKILL'))
    const heard: object[] = []
    child.on('message', (message: object) => void heard.push(message))
    await once(child, 'message')
    return {
      tell: (told: Told) => void child.send(told),
      hears: (message: object) => expect.poll(() => heard).toContainEqual(message),
      end: async () => {
        child.send({ type: 'end' } satisfies Told)
        expect(await endOf(child)).toBe(0)
      },
    }
  }
  const read = () => linesOf<SpanLine>(spans)
  return { start, spans: read, lines: () => linesOf<Readonly<Record<string, unknown>>>(lines) }
}

/** Put in line by A; waits behind another job, runs and fails in B; waits and runs in C. */
async function story(sender: TracedOrder['sender']) {
  const { url, client, store, coordinator } = await scene()
  await coordinator.setPolicy('by-model')
  const { start, spans, lines } = await processes(url, sender)
  const [a, b, c] = [await start('a'), await start('b'), await start('c')]
  b.tell({ type: 'work' })
  const models = ['flux-dev']
  a.tell({ type: 'send', jobs: [{ jobId: 'first', models, payload: { hold: true } }] })
  await b.hears({ runs: 'first' })
  a.tell({ type: 'send', jobs: [{ jobId: 'second', models, payload: { fail_in: 'b', prompt: 'provider' } }] })
  await b.hears({ active: 1, waiting: 1 })
  b.tell({ type: 'go' })
  await b.hears({ runs: 'second' })
  c.tell({ type: 'work' })
  await c.hears({ runs: 'second' })
  await allEnded(coordinator)
  for (const one of [a, b, c]) await one.end()
  const of = (name: string) => spans().filter((span) => span.name === name && span.jobId === 'second')
  const request = spans().filter(({ name }) => name === 'request')
  return {
    client,
    store,
    coordinator,
    lines,
    spans,
    request,
    send: of('send default'),
    waits: of('wait default'),
    runs: of('process default'),
  }
}

describe('a job that goes through three processes', () => {
  it('is one trace, with what it waited for and its retry linked', async () => {
    const { client, store, request, send, waits, runs, lines, spans } = await story('parent')
    expect(send.map(({ service, parent }) => [service, parent])).toEqual([['a', request[1]?.spanId]])
    expect(waits.map(({ service, parent }) => [service, parent])).toEqual([
      ['b', send[0]?.spanId],
      ['c', send[0]?.spanId],
    ])
    expect(runs.map(({ service, parent }) => [service, parent])).toEqual([
      ['b', send[0]?.spanId],
      ['c', send[0]?.spanId],
    ])
    const traces = new Set([request[1], ...send, ...waits, ...runs].map((span) => span?.traceId))
    expect(traces.size).toBe(1)
    expect(
      waits[0]?.events.map(({ name, attributes }) => [name, attributes['interlock.blocked_by']]),
    ).toContainEqual(['wait.model', 'first'])
    expect(waits[1]?.events.map(({ name }) => name)).toContain('wait.not_due')
    expect(runs[1]?.links).toContainEqual({
      what: 'attempt',
      spanId: runs[0]?.spanId,
      traceId: runs[0]?.traceId,
    })
    expect(
      runs.map(({ attributes }) => [attributes['interlock.attempt'], attributes['interlock.outcome']]),
    ).toEqual([
      [1, 'failed'],
      [2, 'completed'],
    ])
    // The text of the error, less the word that was in the payload.
    expect(runs[0]?.events[0]?.attributes['exception.message']).toBe('the … of b is away')
    expect(JSON.stringify(spans())).not.toContain('provider')
    const told = lines().filter(
      ({ job_id: jobId, trace_id: traceId }) => jobId === 'second' && traceId !== undefined,
    )
    expect(told.map(({ event, span_id: spanId, trace_id: traceId }) => [event, traceId, spanId])).toEqual([
      ['job.failed', runs[0]?.traceId, runs[0]?.spanId],
      ['job.completed', runs[1]?.traceId, runs[1]?.spanId],
    ])
    const traceId = send[0]?.traceId ?? ''
    const { rows } = await client.query("select 1 from job_queue_log l where l::text like '%' || $1 || '%'", [
      traceId,
    ])
    expect(rows).toEqual([])
    const explained = await explain({ store }, 'second', { data: true })
    expect(explained.data?.traceparent).toBe(`00-${traceId}-${send[0]?.spanId}-01`)
    expect(explained.data?.lastTraceparent).toBe(`00-${traceId}-${runs[0]?.spanId}-01`)
    const kept = await client.query("select trace from interlock.job_queue_data where job_id = 'second'")
    expect(JSON.stringify(kept.rows)).toContain(traceId)
  })

  it('is a trace for each attempt under `link`, with a link to the sender and to the attempt before', async () => {
    const { send, waits, runs } = await story('link')
    const traces = [...send, ...waits].map(({ traceId }) => traceId)
    expect(new Set(traces).size).toBe(3)
    for (const [n, run] of runs.entries()) {
      expect([run.parent, waits[n]?.traceId, waits[n]?.parent]).toEqual([undefined, run.traceId, run.spanId])
      for (const span of [run, waits[n]])
        expect(span?.links).toContainEqual({
          what: 'sender',
          spanId: send[0]?.spanId,
          traceId: send[0]?.traceId,
        })
    }
    expect(runs[1]?.links).toContainEqual({
      what: 'attempt',
      spanId: runs[0]?.spanId,
      traceId: runs[0]?.traceId,
    })
  })
})

describe('a program in Python', () => {
  it('passes the trace on by SQL', async () => {
    const { url, coordinator } = await scene()
    const { start, spans } = await processes(url, 'parent')
    const c = await start('c')
    c.tell({ type: 'work' })
    const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
    const env = { ...process.env, DATABASE_URL: url, TRACEPARENT: `00-${traceId}-${spanId}-01` }
    await promisify(execFile)(python, [path.join(programs, 'traced.py')], { env })
    await c.hears({ runs: 'report-2042' })
    await allEnded(coordinator)
    await c.end()
    const run = spans().find(({ name }) => name === 'process default')
    expect(run).toMatchObject({ jobId: 'report-2042', traceId, parent: spanId })
  })
})
