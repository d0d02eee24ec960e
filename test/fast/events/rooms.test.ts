/**
 * What a program passes to the rooms of the library may be anything. Every exported function of every sub-path refuses what is wrong
 * with `invalid_input` and the path, in a message that one can read, before it asks the store anything.
 */
import { createNoopMeter } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import * as dashboard from '../../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { emptyLedger, InterlockError, type RecordedEvent } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import * as threads from '../../../src/engine/threads/index.ts'
import * as transaction from '../../../src/engine/transaction/index.ts'
import * as audit from '../../../src/tools/audit/index.ts'
import * as doctor from '../../../src/tools/doctor/index.ts'
import * as files from '../../../src/tools/history/files/index.ts'
import * as history from '../../../src/tools/history/index.ts'
import * as insight from '../../../src/tools/insight/index.ts'
import * as operate from '../../../src/tools/operate/index.ts'
import * as otel from '../../../src/tools/otel/index.ts'
import * as prometheus from '../../../src/tools/prometheus/index.ts'
import * as testing from '../../../src/tools/testing/index.ts'

const rooms: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...{
    history,
    'history/files': files,
    audit,
    insight,
    doctor,
    operate,
    dashboard,
    otel,
    prometheus,
    testing,
    transaction,
    threads,
  },
}

/** What came wrong, by the name that says what it is. */
const wrong: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  number: () => 5,
  zero: () => 0,
  'a negative number': () => -1,
  fraction: () => 1.5,
  NaN: () => Number.NaN,
  'a large number': () => 1e300,
  bigint: () => 5n,
  text: () => 'x',
  'an empty text': () => '',
  'a text of two million': () => 'x'.repeat(2_000_000),
  'a text with controls': () => '\u001b[2J\n',
  true: () => true,
  false: () => false,
  symbol: () => Symbol('s'),
  promise: () => Promise.resolve({}),
  list: () => [],
  'a list of numbers': () => [1],
  'a list of null': () => [null],
  'an empty object': () => ({}),
  'an unknown field': () => ({ anchr: 1 }),
  'ten thousand unknown fields': () =>
    Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i])),
  'a field of two million': () => ({ ['x'.repeat(2_000_000)]: 1 }),
  'a broken date': () => new Date(Number.NaN),
  function: () => () => {},
}
const none = ['undefined']
const anyText = ['text', 'an empty text', 'a text with controls', 'a text of two million']

/** A value that is right, and which of the wrong ones are right in its place; of an object, each of its fields too. */
interface Given {
  readonly right: unknown
  readonly also: readonly string[]
  readonly fields?: Readonly<Record<string, Given>>
}
const given = (right: unknown, ...also: readonly string[]): Given => ({ right, also })
const object = (fields: Readonly<Record<string, Given>>, ...also: readonly string[]): Given => ({
  right: Object.fromEntries(Object.entries(fields).map(([name, { right }]) => [name, right])),
  ...{ also, fields },
})
/** Options that may all be left out. */
const options = (fields: Readonly<Record<string, Given>>) => object(fields, 'undefined', 'an empty object')

const asked: string[] = []
const whole = memoryStore()
const store = new Proxy(whole, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name)
    if (typeof value !== 'function') return value
    return (...words: unknown[]) => {
      asked.push(String(name))
      return (value as Call)(...words)
    }
  },
})
const coordinator = await createCoordinator({ store: whole, logger: silentLogger, pollMs: 3_600_000 })
await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
const [queued] = (await whole.read('default', 0, 1)).events
const event: RecordedEvent = queued ?? expect.fail('no event')

type Call = (...words: unknown[]) => unknown

const access = object({
  store: given(store),
  queue: given('default', 'undefined', 'text'),
  signal: given(new AbortController().signal, ...none),
  onProgress: given(() => {}, 'undefined', 'function'),
  onNote: given(() => {}, 'undefined', 'function'),
  files: given(undefined, ...Object.keys(wrong)),
})
const whole0 = ['undefined', 'number', 'zero']
const seq = given(1, ...whole0)
const point = given(1, ...whole0)
const id = given('a', 'text')
const flag = given(true, 'undefined', 'true', 'false')
const count = given(5, 'undefined', 'number')
const hook = given(() => {}, 'undefined', 'function')
const ids = given(['a'], 'undefined', 'list')
const someone = given('support', 'undefined', 'text')
/** What finds jobs. */
const found = {
  states: given(['dead'], 'undefined', 'list'),
  ...{ kind: someone, model: someone, fairKey: someone, tag: someone },
  payload: given(
    { 'user.id': 17 },
    'undefined',
    'an empty object',
    'an unknown field',
    'ten thousand unknown fields',
  ),
  ...{ since: given(new Date(0), 'undefined'), until: given(new Date(), 'undefined') },
}
const ledger = given(emptyLedger)
const anEvent = given(event)
const models = given(['m'], 'undefined', 'list')
const buckets = given([1, 2], 'undefined', 'a list of numbers')
const figures = {
  models,
  maxModels: given(5, ...whole0),
  waitBuckets: buckets,
  runBuckets: buckets,
}
const path = given('names', ...none, ...anyText)
const grant = object({
  actor: given('support', 'text'),
  role: given('viewer'),
  levers: given(['move'], 'undefined', 'list'),
  data: flag,
  queues: given(['a'], 'undefined', 'list'),
  jobs: given(['a'], 'undefined', 'list'),
})
const tries = given([{ name: 'x', policy: 'serial', slots: 1 }], 'undefined', 'list')
const statement = await audit.auditLog({ store: whole })

/** Each function with its arguments. */
const functions: Readonly<Record<string, readonly Given[]>> = {
  'history.archive': [access, object({ before: given(1, 'number', 'zero'), keep: flag })],
  'history.chain': [access, options({ start: flag })],
  'history.eventDocument': [anEvent],
  'history.firstLedger': [access],
  'history.followEvents': [access, options({ after: seq })],
  'history.historyOf': [access, id, given(['a'], 'undefined', 'list')],
  'history.ledgerAt': [access, given(1, 'number', 'zero')],
  'history.readEvents': [access, options({ after: seq, upTo: seq })],
  'history.readPages': [access, options({ after: seq, upTo: seq })],
  'history.rebuild': [access],
  'history.replay': [access, options({ at: point, limit: count })],
  'history.replayJob': [access, id, options({ at: point })],
  'history.snapshot': [access],
  'history.verify': [access, options({ alsoSee: hook, anchor: given(`1:${'0'.repeat(64)}`, ...none) })],
  'history/files.archiveTo': [
    access,
    object({ before: given(1, 'number', 'zero'), to: given('/nowhere/a', 'text', 'a text with controls') }),
    path,
  ],
  'history/files.openArchive': [access, given(['/nowhere/a']), path],
  'audit.audit': [given([event], 'list')],
  'audit.auditLog': [access, options({ since: point, until: point })],
  'audit.statementMarkdown': [given(statement)],
  'insight.splitWaits': [
    ledger,
    given([event], 'list'),
    object({ from: given(1, 'number', 'zero'), to: given(2, 'number', 'zero') }),
  ],
  'insight.stats': [access, options({ since: point, until: point, slices: count })],
  'insight.whatIf': [access, options({ since: point, until: point, tries })],
  'insight.whatIf of one try': [
    options({
      name: given('x', 'undefined', ...anyText),
      policy: given('serial', 'undefined', 'an empty object'),
      slots: given(1, 'undefined', 'null', 'number'),
    }),
  ],
  'doctor.examine': [
    access,
    options({
      waitingMs: count,
      url: given('postgres://127.0.0.1:1/none', 'undefined'),
      openedMs: given(1, 'undefined', 'number', 'zero', 'fraction', 'a large number'),
    }),
  ],
  'operate.adopt': [
    access,
    options({ states: given(['pending'], 'undefined', 'list'), jobIds: ids, limit: count }),
  ],
  'operate.adoptable': [
    access,
    options({ states: given(['pending'], 'undefined', 'list'), jobIds: ids, limit: count }),
  ],
  'operate.beginEpoch': [access, options({ name: someone })],
  'operate.explain': [access, id, options({ data: flag })],
  'operate.flow': [access, id],
  'operate.flowMermaid': [object({ jobs: given([], 'list'), links: given([], 'list') })],
  'operate.inDoubt': [access],
  'operate.jobs': [
    access,
    options({
      ...found,
      limit: count,
      from: given(Buffer.from('[3,0,"a"]').toString('base64url'), ...none),
    }),
  ],
  'operate.previewChange': [access, object({ do: given('retry') }), options(found)],
  'operate.changeJobs': [
    access,
    object({
      queue: given('default'),
      change: given({ do: 'cancel' }),
      version: given(1, 'zero', 'number'),
      jobs: given([], 'list'),
    }),
    options({ name: someone, commandId: given('c1', 'undefined', 'text') }),
  ],
  'operate.queue': [access, options({ limit: count })],
  'operate.quote': [access, given({ jobId: 'a', models: [] })],
  'operate.recover': [
    access,
    object({ name: someone, completed: ids, requeue: ids, fail: ids }, 'an empty object'),
  ],
  'transaction.enqueueIn': [
    given(async () => [], 'function'),
    given([{ jobId: 'a', models: ['m'] }], 'list'),
    options({
      queue: given('default', 'undefined', 'text'),
      requestId: given('r', 'undefined', 'text'),
      notify: flag,
    }),
  ],
  'transaction.fromPg': [given({ query: async () => ({ rows: [] }) })],
  'transaction.fromPostgresJs': [given({ unsafe: async () => [] })],
  'transaction.fromDrizzle': [given({ execute: async () => [] })],
  'transaction.fromKysely': [given({ executeQuery: async () => ({ rows: [] }) })],
  'transaction.fromKnex': [given({ raw: async () => ({ rows: [] }) })],
  'transaction.fromPrisma': [given({ $queryRawUnsafe: async () => [] })],
  'testing.testQueue': [
    options({
      policy: given('serial', 'undefined', 'an empty object'),
      now: given(new Date(0), ...none),
      patienceMs: given(5, 'undefined', 'number'),
      logger: given(silentLogger, ...none),
    }),
  ],
  'threads.inThread': [
    given(new URL(import.meta.url)),
    options({ resourceLimits: given({ maxOldGenerationSizeMb: 64 }, 'undefined', 'an empty object') }),
  ],
  'operate.schedules': [access],
  'operate.status': [access],
  'operate.voidUnreadable': [access, options({ name: someone })],
  'dashboard.createDashboard': [
    object({
      store: given(store),
      queue: given('default', 'undefined', 'text'),
      authorize: given(() => null, 'function'),
      environment: given('staging', 'undefined', 'text', 'a text with controls'),
      basePath: given('/a', 'undefined', 'an empty text'),
      hosts: given(['localhost'], ...none),
      origins: given(['https://a.example.org'], 'undefined', 'list'),
      page: given('/nowhere', 'undefined', 'text', 'a text with controls', 'a text of two million'),
      metrics: options(figures),
      logger: given(silentLogger, ...none),
      maxCalls: count,
      timeLimitMs: given(50, ...none),
      maxStreams: count,
      maxStreamsPerActor: count,
      pollMs: given(50, ...none),
    }),
  ],
  'dashboard.toNodeHandler': [given({ fetch: () => {} })],
  'dashboard.tokenSession': [
    object({
      grant,
      secret: given('s'.repeat(32), 'undefined', 'a text of two million'),
      hours: given(1, 'undefined', 'number', 'fraction'),
      onUsed: hook,
      now: hook,
    }),
  ],
  'otel.openTelemetry': [
    options({
      tracerProvider: given(undefined, ...none),
      propagateContext: flag,
      sender: given('link', ...none),
      waits: flag,
      messages: given('none', ...none),
    }),
  ],
  'otel.openTelemetryMetrics': [
    object({ coordinator: given(coordinator), meter: given(createNoopMeter()), ...figures }),
  ],
  'prometheus.createMetrics': [object({ coordinator: given(coordinator), ...figures })],
  'prometheus.serveMetrics': [
    given({ fetch: () => {} }),
    object({
      port: given(1, 'number', 'zero'),
      host: given('127.0.0.1', 'undefined', 'text'),
      token: given('0123456789abcdef', 'undefined', 'text'),
    }),
  ],
}

const callOf = (name: string): Call => {
  if (name === 'insight.whatIf of one try')
    return (one) => insight.whatIf({ store }, { tries: [one] } as never)
  const [room = '', called = ''] = name.split('.')
  return rooms[room]?.[called] as Call
}

/** What the call throws, rejects with, or throws when its events are taken. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    const answer = await call()
    if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer)
      for await (const _ of answer as AsyncIterable<unknown>) return undefined
    return undefined
  } catch (error) {
    return error
  }
}

async function checkRefused(call: () => unknown, what: string): Promise<void> {
  asked.splice(0)
  const error = await failureOf(call)
  expect(error, what).toBeInstanceOf(InterlockError)
  const { code, details, message } = error as InterlockError<'invalid_input'>
  expect(code, `${what}: ${message}`).toBe('invalid_input')
  expect(String(details.path), `${what}: ${message}`).toMatch(/^\S{1,500}$/)
  expect(message.length, what).toBeLessThan(5_000)
  expect(asked, what).toEqual([])
}

/** The arguments with one that is wrong: as a whole, or in a field. */
function* spoiled(args: readonly Given[]): Generator<readonly [what: string, words: readonly unknown[]]> {
  for (const [at, argument] of args.entries()) {
    const withOther = (value: unknown) => args.map(({ right }, other) => (other === at ? value : right))
    for (const [kind, make] of Object.entries(wrong)) {
      if (!argument.also.includes(kind)) yield [`argument ${at}: ${kind}`, withOther(make())]
      for (const [name, field] of Object.entries(argument.fields ?? {})) {
        if (field.also.includes(kind)) continue
        const value = { ...(argument.right as object), [name]: make() }
        yield [`argument ${at}: ${name} is ${kind}`, withOther(value)]
      }
    }
    if (argument.fields === undefined) continue
    const slip = { ...(argument.right as object), anchr: 1 }
    yield [`argument ${at}: an unknown field beside the others`, withOther(slip)]
  }
}

describe('the rooms of the library', () => {
  it('are all looked at: every sub-path that takes options, and every function of each', () => {
    const elsewhere = ['.', './postgres', './pglite', './supabase', './memory', './machine', './package.json']
    const paths = Object.keys(manifest.exports).filter((each) => !elsewhere.includes(each))
    expect(paths.map((each) => each.slice(2)).toSorted()).toEqual(Object.keys(rooms).toSorted())
    const classes = ['audit.Auditor', 'audit.Audit', 'history/files.LocalFailure']
    const exported = Object.entries(rooms).flatMap(([room, all]) =>
      Object.entries(all).flatMap(([name, value]) =>
        typeof value === 'function' ? [`${room}.${name}`] : [],
      ),
    )
    const covered = Object.keys(functions).filter((name) => !name.includes(' '))
    expect([...covered, ...classes].toSorted()).toEqual(exported.toSorted())
  })

  it.each(Object.keys(functions))('%s refuses whatever is wrong, and names it', async (name) => {
    const call = callOf(name)
    for (const [what, words] of spoiled(functions[name] ?? []))
      await checkRefused(() => call(...words), `${name}, ${what}`)
    if (functions[name]?.[0]?.also.includes('undefined') !== true)
      await checkRefused(() => call(), `${name} without arguments`)
  })
})

const statementOf = { queue: 'q', store: 's', release: 'r', now: 1 }
const classes: Readonly<Record<string, readonly [make: Call, also: readonly string[]]>> = {
  'new Auditor': [(from) => new audit.Auditor(from as never), none],
  'Auditor.push': [(one) => new audit.Auditor().push(one as never), []],
  'new Audit': [(from) => new audit.Audit(from as never), []],
  'Audit.push': [(one) => new audit.Audit(emptyLedger).push(one as never), []],
  'Audit.statement': [(of) => new audit.Audit(emptyLedger).statement(of as never), []],
  'Audit.statement: now': [
    (now) => new audit.Audit(emptyLedger).statement({ ...statementOf, now } as never),
    ['number', 'zero'],
  ],
  'Metrics.text': [
    (format) => prometheus.createMetrics({ coordinator }).text(format as never),
    ['undefined', 'text'],
  ],
  'Metrics.fetch': [(request) => prometheus.createMetrics({ coordinator }).fetch(request as never), []],
}

it.each(Object.entries(classes))('%s refuses whatever is wrong, and names it', async (name, [make, also]) => {
  for (const [kind, value] of Object.entries(wrong))
    if (!also.includes(kind)) await checkRefused(() => make(value()), `${name}: ${kind}`)
})

it('an event that lacks a part is named, wherever events are taken', async () => {
  for (const key of ['type', 'seq', 'at', 'jobId', 'spec']) {
    const { [key as keyof RecordedEvent]: _, ...rest } = event
    if (key !== 'spec')
      await checkRefused(() => history.eventDocument(rest as never), `eventDocument without ${key}`)
    await checkRefused(() => audit.audit([rest as never]), `audit without ${key}`)
    await checkRefused(() => new audit.Audit(emptyLedger).push(rest as never), `Audit.push without ${key}`)
    await checkRefused(
      () => insight.splitWaits(emptyLedger, [rest as never], { from: 1, to: 2 }),
      `splitWaits without ${key}`,
    )
  }
})

it('a slip is answered with what was meant', async () => {
  const slips: readonly (readonly [() => unknown, string])[] = [
    [
      () => history.verify({ store }, { anchr: 'x' } as never),
      'options: unknown field "anchr" (did you mean anchor?)',
    ],
    [
      () => history.replay({ store, quee: 'x' } as never),
      'access: unknown field "quee" (did you mean queue?)',
    ],
    [
      () => insight.stats({ store }, { slice: 5 } as never),
      'options: unknown field "slice" (did you mean slices?)',
    ],
    [
      () => insight.whatIf({ store }, { tries: [{ polcy: 'serial' }] } as never),
      'tries[0]: unknown field "polcy" (did you mean policy?)',
    ],
    [
      () => insight.whatIf({ store }, { tries: [{ policy: { capacty: {} } }] } as never),
      'tries[0].policy: unknown field "capacty" (did you mean capacity?)',
    ],
    [
      () => operate.recover({ store }, { complete: ['a'] } as never),
      'options: unknown field "complete" (did you mean completed?)',
    ],
    [
      () => doctor.examine({ store }, { waitngMs: 1 } as never),
      'options: unknown field "waitngMs" (did you mean waitingMs?)',
    ],
    [
      () => dashboard.tokenSession({ grant: grant.right, hous: 1 } as never),
      'options: unknown field "hous" (did you mean hours?)',
    ],
    [
      () => prometheus.serveMetrics({ fetch: () => new Response() }, { port: 0, hst: 'x' } as never),
      'options: unknown field "hst" (did you mean host?)',
    ],
    [
      () => history.chain({ store: { open() {}, read() {} } as unknown as LogStore }),
      'access.store: must be a store',
    ],
  ]
  for (const [call, message] of slips) {
    await checkRefused(call, message)
    expect(((await failureOf(call)) as Error).message).toContain(message)
  }
})
