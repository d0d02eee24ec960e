/** What the compiler refuses: each such line ends with the number of the error that it must have. */
import { createCoordinator, createJobWorker, type Handler, type Handlers, type Job } from 'interlock-queue'
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
