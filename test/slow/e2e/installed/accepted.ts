/** What a program may write; `types.test.ts` compiles it against the packed package. */
import {
  type Coordinator,
  createCoordinator,
  createJobWorker,
  createWorkflowManager,
  defineHandlers,
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
import { z } from 'zod'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles where both are one type. */
const same = <A, B>(_: Same<A, B>): void => {}

interface Jobs {
  resize: { width: number }
  caption: { prompt: string }
  sweep: undefined
  normal: { text: string } | null
}

const coordinator = await createCoordinator({ store: memoryStore() })
const typed = await createCoordinator<Jobs>({ store: pgliteStore('memory://') })
same<Awaited<ReturnType<typeof getJobCoordinator<Jobs>>>, typeof typed>(true)

const caption: Handler<{ prompt: string }> = (job) => job.payload.prompt.length
const checked: HandlerDefinition<{ prompt: string }> = {
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
    resize: (job) => same<typeof job.payload, { width: number }>(true),
    caption: { run: async (job) => same<typeof job.payload, { prompt: string }>(true) },
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
  handlers: { caption: checked, resize: { run: (job) => job.payload.width } },
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
  handlers: { resize: { models: ['sharp'], run: (job) => job.payload.width }, caption },
})
await typedNaming.enqueue([{ jobId: 'a', kind: 'resize', payload: { width: 640 } }])
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
  { jobId: 'd', models: ['flux-dev'], payload: { text: 'hi' } },
  { jobId: 'e', models: ['flux-dev'] },
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
  resize: (job) => same<typeof job.payload, { width: number }>(true),
  caption: { run: (job) => job.payload.prompt },
} satisfies Handlers<Jobs>

// Results by kind: what handlers return, and what is kept.
interface Results {
  resize: { path: string }
  caption: string
}
const whole = await createCoordinator<Jobs, Results>({ store: memoryStore() })
same<Awaited<ReturnType<typeof getJobCoordinator<Jobs, Results>>>, typeof whole>(true)
createJobWorker({
  coordinator: whole,
  handlers: {
    resize: async ({ payload }) => ({ path: `${payload.width}.png` }),
    caption: { run: ({ payload }) => payload.prompt },
    sweep: () => undefined,
    '*': () => 5,
  },
})
export const withResults = { caption: () => 'a fox' } satisfies Handlers<Jobs, Results>
const [resized] = await whole.data<'resize'>(['a'])
same<NonNullable<typeof resized>['result'], { path: string } | null>(true)
same<NonNullable<typeof resized>['payload'], { width: number } | null>(true)
const [swept] = await whole.data<'sweep'>(['a'])
same<NonNullable<typeof swept>['result'], Json>(true)
const [some] = await whole.data(['a'])
same<NonNullable<typeof some>['result'], Json>(true)
const [untold] = await typed.data<'resize'>(['a'])
same<NonNullable<typeof untold>['result'], Json>(true)

// The gate knows the kinds too.
await typed.onJobStart('a', 'normal', ['flux-dev'])
await typed.onJobStart('a', 'normal', ['flux-dev'], { wait: true, payload: { text: 'hi' } })
await typed.onJobStart('a', 'normal', ['sharp'], { kind: 'resize', payload: { width: 640 }, attempts: 3 })
await typed.onJobStart('a', 'normal', ['sharp'], { kind: 'sweep' })
await coordinator.onJobStart('a', 'workflow', ['sharp'], { kind: 'anything', payload: [1] })

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
