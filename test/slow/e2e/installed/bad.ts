/** What the compiler refuses: each such line says the number of the error, the word where it stands, and what its first line names. */
import {
  createCoordinator,
  createJobWorker,
  defineHandlers,
  defineQueue,
  type Handlers,
  InterlockError,
  isInterlockError,
} from 'interlock-queue'
import { memoryStore } from 'interlock-queue/memory'
import { testQueue } from 'interlock-queue/testing'
import { enqueueIn, fromPg } from 'interlock-queue/transaction'
import pg from 'pg'
import { z } from 'zod'

interface Jobs {
  resize: { payload: { width: number }; result: { path: string } }
  caption: { payload: { prompt: string }; result: string }
  sweep: { result: undefined }
}

const queue = defineQueue<Jobs>()
const store = memoryStore()
const plain = await createCoordinator({ store })
const typed = await createCoordinator({ store, contract: queue })
const checked = defineQueue({ resize: { payload: z.object({ width: z.number() }), models: ['sharp'] } })
const schemas = await createCoordinator({ store, contract: checked })
const test = await testQueue({ contract: queue })
const sql = fromPg(new pg.Client())
const lease = { jobId: 'a', fencingToken: 1, epoch: 1 }

// Jobs, through each way in.
typed.enqueue({ kind: 'resize', payload: { widht: 640 } }) // TS2561 at widht: resize, widht
typed.enqueue([{ kind: 'resize', payload: { widht: 640 } }]) // TS2561 at widht: resize, widht
typed.enqueue({ kind: 'resize', payload: {} }) // TS2741 at payload: resize, width
typed.enqueue([{ kind: 'sweep' }, { kind: 'resize', payload: {} }]) // TS2741 at payload: resize, width
typed.enqueue({ kind: 'resize', payload: { width: '640' } }) // TS2322 at width
typed.enqueue({ kind: 'rezise', payload: { width: 640 } }) // TS2322 at kind: rezise
typed.enqueue([{ kind: 'rezise', payload: { width: 640 } }]) // TS2322 at kind: rezise
typed.enqueue({ kind: 'resize', payload: { prompt: 'a fox' } }) // TS2353 at prompt: resize, prompt
typed.enqueue({ kind: 'resize' }) // TS2345 at {: resize
typed.enqueue({ kind: 'sweep', payload: 5 }) // TS2322 at payload
typed.enqueue({ kind: 'sweep', prioriti: 5 }) // TS2561 at prioriti: sweep, prioriti
typed.enqueue({ kind: 'sweep', once: '24 hours' }) // TS2322 at once: 24 hours
typed.enqueue({ kind: 'sweep', dedupe: { key: 'a', while: { within: '1 hour' } } }) // TS2322 at within: 1 hour
plain.enqueue({ once: '24 hours' }) // TS2322 at once: 24 hours
plain.enqueue([{ jobId: 'a', modles: [] }]) // TS2561 at modles: modles
schemas.enqueue({ kind: 'resize', payload: { widht: 640 } }) // TS2561 at widht: resize, widht
enqueueIn(sql, { kind: 'resize', payload: { widht: 640 } }, { contract: queue }) // TS2561 at widht: resize, widht
enqueueIn(sql, [{ kind: 'rezise' }], { contract: queue }) // TS2322 at kind: rezise
typed.add(lease, { kind: 'caption', payload: { promt: 'a fox' } }) // TS2561 at promt: caption, promt
typed.quote({ kind: 'resize', payload: { widht: 640 } }) // TS2561 at widht: resize, widht
typed.schedules('billing', [{ id: 'a', every: '15 min', job: { kind: 'sweep' } }]) // TS2322 at every: 15 min
typed.schedules('billing', [{ id: 'a', every: '15m', job: { kind: 'resize', payload: { widht: 1 } } }]) // TS2561 at widht: resize, widht
typed.schedules('billing', [{ id: 'a', every: '15m', job: { kind: 'sweeep' } }]) // TS2820 at kind: sweeep
typed.onJobStart('a', 'normal', ['m'], { kind: 'resize', payload: { widht: 640 } }) // TS2561 at widht: resize, widht
typed.onJobStart('a', 'normal', ['m'], { kind: 'rezise', payload: { width: 640 } }) // TS2322 at kind: rezise
test.run({ kind: 'caption', payload: { promt: 'a fox' } }) // TS2561 at promt: caption, promt
test.coordinator.enqueue({ kind: 'caption', payload: { promt: 'a fox' } }) // TS2561 at promt: caption, promt

// Handlers.
createJobWorker({ coordinator: typed, handlers: { resize: ({ payload }) => ({ path: `${payload.widht}` }) } }) // TS2551 at widht: resize, widht
createJobWorker({ coordinator: typed, handlers: { rezise: () => 5 } }) // TS2741 at rezise: rezise
createJobWorker({ coordinator: typed, handlers: { caption: () => 5 } }) // TS2322 at caption: caption
createJobWorker({ coordinator: typed, handlers: { caption: { run: async () => ({ text: 5 }) } } }) // TS2322 at ({
createJobWorker({ coordinator: typed, handlers: { resize: () => ({ paht: 'a.png' }) } }) // TS2322 at resize: resize
createJobWorker({ coordinator: typed, concurency: 4, handlers: { sweep: () => undefined } }) // TS2561 at concurency: concurency
createJobWorker({ coordinator: typed, handlers: { sweep: (_, { add }) => void add({ kind: 'resize' }) } }) // TS2345 at {: resize
createJobWorker({ coordinator: plain, handlers: { a: ({ payload }) => payload.width } }) // TS18046 at payload: payload
createJobWorker({ coordinator: plain, handlers: { a: { schema: 5, run: () => 1 } } }) // TS2322 at schema
test.work({ caption: () => 5 }) // TS2322 at caption: caption
export const byContract = defineHandlers(queue, { captoin: () => 'a fox' }) // TS2561 at captoin: captoin
export const byMap = { resize: () => 5 } satisfies Handlers<Jobs> // TS2322 at resize: resize
export const read = async () => (await typed.data<'resize'>(['a']))[0]?.result?.paht // TS2339 at paht: resize, paht
typed.ended$<'resize'>('a').subscribe(({ result }) => result?.paht) // TS2339 at paht: resize, paht
typed.parents<'resiz'>(lease) // TS2344 at 'resiz': resiz
createCoordinator({ store, leasMs: 5 }) // TS2561 at leasMs: leasMs
createCoordinator({ store, contract: 5 }) // TS2322 at contract
plain.setPolicy({ models: { 'flux-dev': { places: 2 } } }) // TS2353 at places: places
fromPg(new pg.Pool()) // TS2345 at new: Pool
const error: unknown = new InterlockError('closed', 'no')
if (isInterlockError(error, 'invalid_input')) console.log(error.details.queues) // TS2339 at queues: queues
