/** What the compiler refuses: each such line ends with the number of the error that it must have. */
import {
  createCoordinator,
  createJobWorker,
  type Handler,
  type Handlers,
  InterlockError,
  isInterlockError,
  type Job,
} from 'interlock-queue'
import { memoryStore } from 'interlock-queue/memory'
import { z } from 'zod'

interface Jobs {
  resize: { width: number }
  caption: { prompt: string }
}

const coordinator = await createCoordinator({ store: memoryStore() })
const typed = await createCoordinator<Jobs>({ store: memoryStore() })
const caption: Handler<{ prompt: string }> = (job) => job.payload.prompt
const wide = z.object({ width: z.number() })

createJobWorker({ coordinator, handlers: { a: { schema: wide, run: (job) => job.payload.height } } }) // TS2339
createJobWorker({ coordinator, handlers: { a: { schema: wide, run: (job: Job<string>) => job } } }) // TS2769
createJobWorker({ coordinator, handlers: { a: (job) => job.payload.width } }) // TS18046
createJobWorker({ coordinator, handlers: { a: { run: (job) => job.payload.width } } }) // TS18046
createJobWorker({ coordinator, handlers: { a: 5 } }) // TS2769
createJobWorker({ coordinator, handlers: { a: { schema: wide } } }) // TS2769
createJobWorker({ coordinator, handlers: { a: { schema: 5, run: () => 1 } } }) // TS2769
createJobWorker({ coordinator, concurency: 4, handlers: { caption } }) // TS2769
createJobWorker({ coordinator: createCoordinator({ store: memoryStore() }), handlers: { caption } }) // TS2769
createCoordinator({ store: memoryStore(), leasMs: 5 }) // TS2769
createCoordinator({}) // TS2769

createJobWorker({ coordinator: typed, handlers: { resize: caption } }) // TS2769
createJobWorker({ coordinator: typed, handlers: { rezise: (job: Job) => job } }) // TS2769
createJobWorker({ coordinator: typed, handlers: { resize: (job) => job.payload.height } }) // TS2339
createJobWorker({ coordinator: typed, handlers: { resize: { run: (job) => job.payload.height } } }) // TS2339
typed.enqueue([{ jobId: 'a', models: [], kind: 'resize', payload: { height: 1 } }]) // TS2353
typed.enqueue([{ jobId: 'a', models: [], kind: 'resize', payload: { prompt: 'a' } }]) // TS2353
typed.enqueue([{ jobId: 'a', models: [], kind: 'rezise', payload: { width: 1 } }]) // TS2322
typed.enqueue([{ jobId: 'a', models: [], kind: 'resize' }]) // TS2322
typed.enqueue([{ jobId: 'a', models: [], payload: { width: 1 } }]) // TS2322
export const handlers = { resize: (job) => job.payload.height } satisfies Handlers<Jobs> // TS2339

createJobWorker({ coordinator: typed, handlers: {} }) // TS2769
typed.onJobStart('a', 'normal', ['m']) // TS2345
typed.onJobStart('a', 'normal', ['m'], { kind: 'rezise', payload: { width: 1 } }) // TS2769
typed.onJobStart('a', 'normal', ['m'], { kind: 'resize', payload: { prompt: 'a' } }) // TS2769
typed.onJobStart('a', 'normal', ['m'], { kind: 'resize' }) // TS2769
typed.data<'rezise'>(['a']) // TS2344

const naming = createJobWorker({
  coordinator,
  handlers: { generate: { models: ['flux-dev'], run: () => 1 }, other: () => 2 },
})
naming.enqueue([{ jobId: 'a', kind: 'other' }]) // TS2322
naming.enqueue([{ jobId: 'a', kind: 'generat' }]) // TS2820
const typedNaming = createJobWorker({
  coordinator: typed,
  handlers: { resize: { models: ['sharp'], run: (job) => job.payload.width }, caption },
})
typedNaming.enqueue([{ jobId: 'a', kind: 'caption', payload: { prompt: 'a' } }]) // TS2322
typedNaming.enqueue([{ jobId: 'a', kind: 'resize', payload: { prompt: 'a' } }]) // TS2353
coordinator.setPolicy({ models: { 'flux-dev': { places: 2 } } }) // TS2353

const whole = await createCoordinator<Jobs, { caption: string }>({ store: memoryStore() })
createJobWorker({ coordinator: whole, handlers: { caption: () => 5 } }) // TS2769
createJobWorker({ coordinator: whole, handlers: { caption: { run: async () => 5 } } }) // TS2769
export const counted = { caption: () => 5 } satisfies Handlers<Jobs, { caption: string }> // TS2322
await createCoordinator<Jobs, { captoin: string }>({ store: memoryStore() }) // TS2559

const error: unknown = new InterlockError('closed', 'no')
isInterlockError(error, 'invalid_inptu') // TS2345
if (isInterlockError(error, 'invalid_input')) console.log(error.details.queues) // TS2339
if (isInterlockError(error) && error.code === 'unknown_queue') console.log(error.details.path) // TS2339
throw new InterlockError('unknown_queue', 'no') // TS2554
