/** What comes from JavaScript may be anything: it is `invalid_input` with its path, never a TypeError, and nothing is sent. */
import { expect, it } from 'vitest'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { InterlockError } from '../../../src/engine/core/index.ts'
import { getJobCoordinator } from '../../../src/engine/process/index.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { projectStore, supabaseClient, supabaseStore } from '../../../src/engine/store/supabase/index.ts'
import { createJobWorker, providerError, RetryLater } from '../../../src/engine/worker/index.ts'
import { createWorkflowManager } from '../../../src/engine/workflow/index.ts'

type Call = (...given: unknown[]) => unknown

const wrong: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  number: () => 5,
  'a negative number': () => -1,
  NaN: () => Number.NaN,
  text: () => 'x',
  'an empty text': () => '',
  true: () => true,
  promise: () => Promise.resolve({}),
  list: () => [],
  'an empty object': () => ({}),
  'an unknown field': () => ({ leasMs: 1 }),
  function: () => () => {},
}

/** An argument that is right, and which of the wrong ones are right in its place. */
interface Argument {
  readonly right: unknown
  readonly also: readonly string[]
}
const argument = (right: unknown, ...also: string[]): Argument => ({ right, also })

const id = argument('a', 'text')
const lease = argument({ jobId: 'a', fencingToken: 1, epoch: 1 })
const optional = argument(undefined, 'undefined', 'an empty object')
const type = argument('normal')
const models = argument(['m'], 'list')
const ids = argument(['a'], 'list')
const seq = argument(0, 'number')

const calls: Readonly<Record<string, readonly Argument[]>> = {
  getWorkflowModels: [argument({ steps: [] })],
  onJobStart: [id, type, models, optional],
  takeUp: [id, optional],
  attempt: [lease],
  onJobComplete: [id, type, optional],
  enqueue: [argument([], 'list')],
  add: [lease, argument([], 'list')],
  claim: [argument({ max: 1, kinds: null })],
  complete: [lease, optional],
  completeIn: [argument(async () => [], 'function'), lease, optional],
  endCommitted: [lease, optional],
  fail: [lease, optional],
  release: [lease, argument('later'), argument(null, 'undefined', 'null'), optional],
  heartbeat: [lease],
  data: [ids],
  dataOf: [lease],
  parents: [lease, optional],
  note: [lease, argument({ progress: 1 })],
  forget: [ids],
  takeIn: [argument({ max: 1 })],
  detach: [lease, argument({ until: new Date(Date.now() + 60_000) })],
  done: [lease, id, optional],
  dead: [optional],
  retryDead: [argument({ jobIds: ['a'] })],
  dropDead: [argument({ jobIds: ['a'] })],
  cancel: [id, optional],
  confirmCancel: [lease, optional],
  reprioritize: [id, argument({ priority: 1 })],
  setPolicy: [argument({ maxActive: 2 }, 'an empty object')],
  defineModels: [argument({ 'flux-dev': {} })],
  pauseModel: [id, argument({ reason: 'why' })],
  resumeModel: [id],
  schedules: [id, argument([], 'list'), optional],
  schedule: [id, argument({ every: '1h', job: { kind: 'a' } }), optional],
  listSchedules: [optional],
  previewSchedule: [id, argument(1, 'number', 'undefined')],
  pauseSchedule: [id],
  resumeSchedule: [id],
  removeSchedule: [id],
  explain: [id],
  position: [id],
  quote: [argument({ jobId: 'a', models: [] })],
  progress$: [id],
  ended$: [id],
  eventsFrom: [seq],
  pullEvents: [seq, optional],
  waiting$: [id],
  machine: [optional],
  after: [argument(1, 'number'), argument(() => {}, 'function')],
  offering: [argument(null, 'null', 'list'), argument(1, 'number')],
}

const changing = ['append', 'turn', 'note', 'forget', 'drop', 'data', 'dead', 'claimArrivals'] as const

/** A coordinator, and what its store has been asked for. */
async function observed() {
  const asked: string[] = []
  const store = new Proxy(memoryStore(), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (!(changing as readonly unknown[]).includes(name)) return value
      return (...given: unknown[]) => {
        asked.push(String(name))
        return (value as Call)(...given)
      }
    },
  })
  const coordinator = await createCoordinator({ store, logger: silentLogger, pollMs: 3_600_000 })
  asked.splice(0)
  return { coordinator, asked }
}

/** What the call throws or rejects with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

function checkRefused(error: unknown, what: string): void {
  expect(error, what).toBeInstanceOf(InterlockError)
  const { code, details, message } = error as InterlockError<'invalid_input'>
  expect(code, `${what}: ${message}`).toBe('invalid_input')
  expect(details.path, `${what}: ${message}`).toBeTypeOf('string')
}

it('covers every call that takes anything', async () => {
  const { coordinator } = await observed()
  const names = Object.entries(coordinator).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  )
  const without = [
    'close',
    'state',
    'ledger',
    'vitals',
    'catchUp',
    'now',
    'health',
    'beside',
    'metrics',
    'drain',
    'recover',
    'resume',
  ]
  expect([...new Set(names)].toSorted()).toEqual([...Object.keys(calls), ...without].toSorted())
  await coordinator.close()
})

it('refuses every wrong argument of every call of a coordinator', async () => {
  const { coordinator, asked } = await observed()
  let count = 0
  for (const [name, args] of Object.entries(calls)) {
    const call = coordinator[name as keyof Coordinator] as Call
    for (const [at, { also }] of args.entries()) {
      for (const [kind, make] of Object.entries(wrong)) {
        if (also.includes(kind)) continue
        const given = args.map(({ right }, other) => (other === at ? make() : right))
        const what = `${name}, argument ${at}: ${kind}`
        checkRefused(await failureOf(() => call.apply(coordinator, given)), what)
        expect(asked, what).toEqual([])
        count++
      }
    }
    if (args[0]?.also.includes('undefined')) continue
    checkRefused(await failureOf(() => call.apply(coordinator, [])), `${name} without arguments`)
  }
  expect(count).toBeGreaterThan(400)
  await coordinator.close()
})

it('takes a claim without kinds for one of any kind', async () => {
  const { coordinator } = await observed()
  await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['m'] })))
  const [first] = await coordinator.claim({ max: 1 })
  expect(first?.lease.jobId).toBe('a')
  const next = await coordinator.complete(first?.lease ?? expect.fail(), { claim: { max: 1 } as never })
  expect(next.map(({ lease }) => lease.jobId)).toEqual(['b'])
  await coordinator.close()
})

it('names the field that was meant', async () => {
  const { coordinator } = await observed()
  const store = memoryStore()
  const slips: readonly (readonly [() => unknown, string])[] = [
    [
      () => createCoordinator({ store, leasMs: 5 } as never),
      'options: unknown field "leasMs" (did you mean leaseMs?)',
    ],
    [
      () => createJobWorker({ coordinator, concurency: 2, handlers: { a: () => 1 } } as never),
      'options: unknown field "concurency" (did you mean concurrency?)',
    ],
    [
      () => createWorkflowManager({ coordinator, runstep: () => 1, runStep: () => 1 } as never),
      'options: unknown field "runstep" (did you mean runStep?)',
    ],
    [
      () => createJobWorker({ coordinator, handlers: { a: { run: () => 1, shema: 1 } } } as never),
      'handlers["a"]: unknown field "shema" (did you mean schema?)',
    ],
    [
      () => createJobWorker({ coordinator, handlers: { a: { run: () => 1, schema: 5 } } } as never),
      'handlers["a"].schema: must be a Standard Schema',
    ],
    [
      () => createJobWorker({ coordinator: createCoordinator({ store }), handlers: { a: () => 1 } } as never),
      'options.coordinator: is a promise: await it first',
    ],
    [() => coordinator.claim({ max: -1, kinds: null }), 'claim.max: must be a whole number from 1'],
    [
      () => coordinator.onJobStart('a', 'normal', ['m'], { wiat: true } as never),
      'options: unknown field "wiat" (did you mean wait?)',
    ],
    [
      () => coordinator.enqueue([{ jobId: 'a', model: ['m'] } as never]),
      'jobs[0]: unknown field "model" (did you mean models?)',
    ],
    [() => coordinator.dropDead({}), 'filter: names no dead letters'],
    [() => coordinator.retryDead({ jobIds: undefined }), 'filter: names no dead letters'],
    [() => postgresStore(''), 'source: must be an address'],
  ]
  for (const [call, message] of slips) {
    const error = await failureOf(call)
    checkRefused(error, message)
    expect((error as Error).message).toContain(message)
  }
  await coordinator.close()
})

it('refuses wrong options of everything that makes something', async () => {
  const { coordinator } = await observed()
  const handlers = { normal: () => 1 }
  const makers: Readonly<Record<string, readonly [make: Call, also: readonly string[]]>> = {
    createCoordinator: [createCoordinator as Call, []],
    'createCoordinator: store': [(store) => createCoordinator({ store } as never), []],
    'createCoordinator: logger': [(logger) => createCoordinator({ store: coordinator, logger } as never), []],
    getJobCoordinator: [getJobCoordinator as Call, ['undefined', 'an empty object']],
    createJobWorker: [createJobWorker as Call, []],
    'createJobWorker: handlers': [(handlers) => createJobWorker({ coordinator, handlers } as never), []],
    'createJobWorker: a handler': [
      (a) => createJobWorker({ coordinator, handlers: { a } } as never),
      ['function'],
    ],
    'createJobWorker: concurrency': [
      (concurrency) => createJobWorker({ coordinator, handlers, concurrency } as never),
      ['undefined', 'number'],
    ],
    'createJobWorker: onError': [
      (onError) => createJobWorker({ coordinator, handlers, onError } as never),
      ['undefined', 'function'],
    ],
    createWorkflowManager: [createWorkflowManager as Call, []],
    'worker.drain': [
      (options) => createJobWorker({ coordinator, handlers }).drain(options as never),
      ['undefined', 'an empty object'],
    ],
    executeWorkflow: [
      (options) =>
        createWorkflowManager({ coordinator, runStep: () => 1 }).executeWorkflow(
          'w',
          { steps: [] },
          options as never,
        ),
      [],
    ],
    resumeWorkflow: [
      (id) => createWorkflowManager({ coordinator, runStep: () => 1 }).resumeWorkflow(id as never),
      ['text'],
    ],
    RetryLater: [(options) => new RetryLater(options as never), []],
    providerError: [
      (options) => {
        throw providerError({ status: 429 }, options as never)
      },
      ['undefined', 'an empty object'],
    ],
    postgresStore: [postgresStore as Call, ['an empty object', 'an unknown field', 'function']],
    'postgresStore: options': [
      (options) => postgresStore('postgres://127.0.0.1:1/none', options as never),
      ['undefined', 'an empty object'],
    ],
    pgliteStore: [pgliteStore as Call, ['text']],
    memoryStore: [memoryStore as Call, ['undefined']],
    supabaseStore: [supabaseStore as Call, []],
    'supabaseStore: options': [
      (options) => supabaseStore(supabaseClient('http://127.0.0.1:1', 'key'), options as never),
      ['undefined', 'an empty object'],
    ],
    supabaseClient: [(url) => supabaseClient(url as never, 'key'), []],
    'supabaseClient: key': [(key) => supabaseClient('http://127.0.0.1:1', key as never), ['text']],
    projectStore: [(url) => projectStore(url as never, 'key'), []],
  }
  for (const [name, [make, also]] of Object.entries(makers)) {
    for (const [kind, given] of Object.entries(wrong)) {
      if (also.includes(kind)) continue
      checkRefused(await failureOf(() => make(given())), `${name}: ${kind}`)
    }
  }
  expect(memoryDatabase()).toBeDefined()
  await coordinator.close()
})

it('counts a job once that is named twice in one call', async () => {
  const { coordinator } = await observed()
  const job = { jobId: 'a', models: ['m'] }
  expect((await coordinator.enqueue([job, job])).queued).toBe(1)
  await coordinator.close()
})
