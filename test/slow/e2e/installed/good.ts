/** What a program may write; `types.test.ts` compiles it against the packed package. */
import {
  type Coordinator,
  createCoordinator,
  createJobWorker,
  createWorkflowManager,
  defineHandlers,
  defineQueue,
  type ErrorCode,
  type getJobCoordinator,
  type Handler,
  type HandlerDefinition,
  type Handlers,
  InterlockError,
  isInterlockError,
  type JobWorkerOptions,
  type Json,
} from 'interlock-queue'
import { memoryStore } from 'interlock-queue/memory'
import { pgliteStore } from 'interlock-queue/pglite'
import { testQueue } from 'interlock-queue/testing'
import { enqueueIn, fromPg } from 'interlock-queue/transaction'
import pg from 'pg'
import { z } from 'zod'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles where both are one type. */
const same = <A, B>(_: Same<A, B>): void => {}

interface Jobs {
  resize: { payload: { width: number }; result: { path: string } }
  caption: { payload: { prompt: string }; result: string | number }
  sweep: object
  normal: { payload: { text: string } | null }
}
const queue = defineQueue<Jobs>()

const coordinator = await createCoordinator({ store: memoryStore() })
const typed = await createCoordinator({ store: pgliteStore('memory://'), contract: queue })
same<Awaited<ReturnType<typeof getJobCoordinator<typeof queue>>>, typeof typed>(true)

const caption: Handler<{ prompt: string }, string | number> = (job) => job.payload.prompt.length
const checked: HandlerDefinition<{ prompt: string }, string> = {
  schema: z.object({ prompt: z.string() }),
  retry: { baseMs: 100 },
  run: (job) => job.payload.prompt,
}
const unchecked: HandlerDefinition<{ prompt: string }> = { run: (job) => job.payload.prompt }

// Plain literals without an annotation: with a schema, without, sync, async, with a transform, of every kind.
createJobWorker({
  coordinator,
  concurrency: 4,
  handlers: {
    resize: {
      schema: z.object({ width: z.number() }),
      run: async (job, { signal, fencingToken }) => {
        same<typeof job.payload, { width: number }>(true)
        signal.throwIfAborted()
        return { width: job.payload.width, fencingToken }
      },
    },
    read: {
      schema: z.object({ width: z.string().transform(Number), height: z.number().default(1) }),
      retry: (attempt) => attempt * 1_000,
      run(job) {
        same<typeof job.payload, { width: number; height: number }>(true)
        return job.payload.width
      },
    },
    plain: (job) => same<typeof job.payload, unknown>(true),
    later: async (job, context) => {
      same<typeof job.payload, unknown>(true)
      await context.checkpoint({ seen: job.attempt })
    },
    loose: { run: (job) => same<typeof job.payload, unknown>(true) },
    patient: { retry: { baseMs: 5_000 }, run: async (job) => same<typeof job.payload, unknown>(true) },
    caption,
    checked,
    unchecked,
    '*': ({ kind }) => kind,
  },
})

// A kind that only the program knows at run time.
const kind = String(process.env['KIND'])
createJobWorker({ coordinator, handlers: { [kind]: (job) => same<typeof job.payload, unknown>(true) } })

// Options that were put together before.
const options: JobWorkerOptions = { coordinator, handlers: { caption, checked, plain: (job) => job.jobId } }
createJobWorker(options)

// Kinds that the coordinator knows.
createJobWorker({
  coordinator: typed,
  handlers: {
    resize: (job) => {
      same<typeof job.payload, { width: number }>(true)
      return { path: `${job.payload.width}.png` }
    },
    caption: {
      run: async (job) => {
        same<typeof job.payload, { prompt: string }>(true)
        return 5
      },
    },
    sweep: { retry: { maxMs: 1 }, run: (job) => same<typeof job.payload, undefined>(true) },
    normal: {
      schema: z.object({ text: z.string() }).nullable(),
      run: (job) => same<typeof job.payload, { text: string } | null>(true),
    },
    workflow: createWorkflowManager({ coordinator: typed, runStep: (step) => step.default_model ?? null })
      .handler,
    '*': (job) => same<typeof job.payload, unknown>(true),
  },
})
createJobWorker({
  coordinator: typed,
  handlers: { caption: checked, resize: { run: (job) => ({ path: `${job.payload.width}` }) } },
})
createJobWorker({ coordinator: typed, handlers: { caption } })
// A schema that makes something else of the payload.
createJobWorker({
  coordinator: typed as Coordinator,
  handlers: {
    normal: {
      schema: z.object({ text: z.string() }).transform(({ text }) => text.length),
      run: (job) => same<typeof job.payload, number>(true),
    },
  },
})

// A worker knows which of its kinds name their models.
const naming = createJobWorker({
  coordinator,
  handlers: defineHandlers({
    generate: {
      models: ['flux-dev'],
      schema: z.object({ width: z.number() }),
      run: (job) => job.payload.width,
    },
    other: (job) => job.jobId,
  }),
})
await naming.enqueue([
  { jobId: 'a', kind: 'generate', payload: { width: 1 } },
  { jobId: 'b', kind: 'generate', models: ['flux-pro'] },
  { jobId: 'c', kind: 'other', models: ['upscale'] },
])
const typedNaming = createJobWorker({
  coordinator: typed,
  handlers: { resize: { models: ['sharp'], run: (job) => ({ path: `${job.payload.width}` }) }, caption },
})
await typedNaming.enqueue([{ jobId: 'a', kind: 'resize', payload: { width: 640 } }])
await typedNaming.enqueue({ kind: 'caption', payload: { prompt: 'a cat' } })
await createJobWorker({ coordinator, handlers: { '*': () => 1 } }).enqueue([
  { jobId: 'a', kind: 'anything', models: ['m'] },
])
await coordinator.defineModels(['flux-dev', 'upscale'])
await coordinator.setPolicy({ models: { 'flux-dev': {}, upscale: { capacity: 2 } } })
await coordinator.setPolicy({ ...coordinator.state().policy, maxActive: 4 })

await typed.enqueue([
  { jobId: 'a', kind: 'resize', models: ['sharp'], payload: { width: 640 } },
  { jobId: 'b', kind: 'caption', models: ['flux-dev'], payload: { prompt: 'a cat' }, priority: 3 },
  { jobId: 'c', kind: 'sweep', models: [] },
  { kind: 'normal', models: ['flux-dev'], payload: { text: 'hi' }, ref: 'first' },
  { kind: 'normal', after: ['first'], once: '24h', dedupe: { key: 'k', while: { within: '15m' } } },
])
await coordinator.enqueue([{ jobId: 'f', kind: 'anything', models: [], payload: [1, 'two'] }])

// Where the kinds do not matter one is as good as the other.
const length = (any: Coordinator): number => any.state().waitingCount
length(typed)

// A file of `interlock work`.
export const handlers = defineHandlers({
  resize: { schema: z.object({ width: z.number() }), run: (job) => job.payload.width },
  caption,
  plain: async (job) => same<typeof job.payload, unknown>(true),
})
export const byMap = {
  resize: (job) => {
    same<typeof job.payload, { width: number }>(true)
    return { path: `${job.payload.width}.png` }
  },
  caption: { run: (job) => job.payload.prompt },
} satisfies Handlers<Jobs>
createJobWorker({ coordinator: typed, handlers: byMap })
export const byContract = defineHandlers(queue, {
  resize: (job) => ({ path: `${job.payload.width}.png` }),
  sweep: () => undefined,
})

// Through each way in.
const { jobId, ids } = await typed.enqueue({ kind: 'resize', payload: { width: 640 } })
same<typeof jobId, string>(true)
same<(typeof ids)[string], string>(true)
await typed.quote({ kind: 'sweep' })
await typed.schedules('billing', [
  { id: 'nightly', cron: '@daily', job: { kind: 'sweep' } },
  { id: 'often', every: '15m', job: { kind: 'resize', payload: { width: 640 } } },
])
await typed.onJobStart('a', 'normal', ['sharp'], { kind: 'resize', payload: { width: 640 }, wait: true })
await typed.onJobStart('a', 'normal', ['sharp'], { kind: 'sweep' })
await coordinator.onJobStart('a', 'workflow', ['sharp'], { kind: 'anything', payload: [1] })
const sql = fromPg(new pg.Client())
await enqueueIn(sql, { kind: 'resize', payload: { width: 640 } }, { contract: queue })
await enqueueIn(sql, [{ kind: 'anything', payload: 5 }])
createJobWorker({
  coordinator: typed,
  handlers: {
    sweep: async (_, { add, parents }) => {
      await add([{ kind: 'resize', payload: { width: 640 } }, { kind: 'sweep' }])
      const [resized] = await parents<'resize'>({ results: true })
      same<NonNullable<typeof resized>['result'], { path: string } | null>(true)
      const [some] = await parents()
      same<NonNullable<typeof some>['result'], Json>(true)
    },
  },
})

// And out of it.
const [resized] = await typed.data<'resize'>(['a'])
same<NonNullable<typeof resized>['result'], { path: string } | null>(true)
same<NonNullable<typeof resized>['payload'], { width: number } | null>(true)
const [swept] = await typed.data<'sweep'>(['a'])
same<NonNullable<typeof swept>['result'], Json>(true)
const [some] = await typed.data(['a'])
same<NonNullable<typeof some>['result'], Json>(true)
typed.ended$<'resize'>('a').subscribe(({ result }) => same<typeof result, { path: string } | null>(true))
typed.ended$('a').subscribe(({ result }) => same<typeof result, Json>(true))

// With schemas: what is sent, what a handler gets, what it returns and what is kept may be four things.
const schemas = defineQueue({
  resize: {
    payload: z.object({ width: z.string().transform(Number) }),
    result: z.object({ path: z.string().transform((path) => path.length) }),
    models: ['sharp'],
  },
  sweep: {},
})
const checking = await createCoordinator({ store: memoryStore(), contract: schemas })
await checking.enqueue({ kind: 'resize', payload: { width: '640' } })
createJobWorker({
  coordinator: checking,
  handlers: {
    resize: (job) => {
      same<typeof job.payload, { width: number }>(true)
      return { path: `${job.payload.width}.png` }
    },
    sweep: () => 5,
  },
})
const [measured] = await checking.data<'resize'>(['a'])
same<NonNullable<typeof measured>['result'], { path: number } | null>(true)

// In tests.
const test = await testQueue({ contract: queue })
test.work(byMap)
test.work(byContract)
const { result } = await test.run<'resize'>({ kind: 'resize', payload: { width: 640 } })
same<typeof result, { path: string } | null>(true)
await (await testQueue()).run({ kind: 'anything', payload: 5 })

// An error says by its code what is known of it.
const known = (error: unknown): readonly string[] => {
  if (isInterlockError(error, 'unknown_queue')) return error.details.queues
  if (!isInterlockError(error)) throw error
  same<typeof error.code, ErrorCode>(true)
  switch (error.code) {
    case 'log_went_back':
      return [String(error.details.known + error.details.version)]
    case 'invalid_input':
      return [error.details.path ?? 'somewhere']
    case 'workflow_queued':
      return error.details.blockedBy
    default:
      return [error.message, error.code]
  }
}
known(new InterlockError('invalid_input', 'no', { path: 'a' }))
const caught = (error: unknown): string | undefined =>
  error instanceof InterlockError && error.code === 'store_unavailable' ? error.details.cause : undefined
caught(new InterlockError('closed', 'no'))

const machine = typed.machine({ inspect: (event) => same<typeof event.type, string>(true) })
same<typeof machine.snapshot.context.ledger.version, number>(true)
