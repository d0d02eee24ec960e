/**
 * Handlers off the main thread (`interlock-queue/threads`): an ordinary handler, in a file of its own, that may compute, block, exit or run
 * out of memory without harm to the other attempts and to the lease of the process.
 * @example
 * import { createJobWorker } from 'interlock-queue'
 * import { inThread } from 'interlock-queue/threads'
 *
 * const resize = inThread(new URL('./resize.js', import.meta.url))
 * const worker = createJobWorker({ coordinator, concurrency: 4, handlers: { resize } })
 *
 * `in-thread.ts` has the threads of a file, `thread.ts` one thread as the main thread sees it, `boot.ts` what runs in it.
 * @module
 */
export type { ThreadHandler } from '../worker/index.ts'
export { inThread } from './in-thread.ts'
export type { ThreadOptions } from './thread.ts'
