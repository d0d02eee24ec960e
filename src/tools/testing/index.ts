/**
 * Test your own handlers (`interlock-queue/testing`): a queue in memory whose clock you set by hand. No server, no file, and nothing is left
 * open.
 * @example
 * import { testQueue } from 'interlock-queue/testing'
 *
 * await using queue = await testQueue({ policy: 'by-model' })
 * queue.work({ draw })
 * await queue.run({ jobId: 'fox', kind: 'draw', models: ['flux-dev'], attempts: 2 })
 * await queue.advance(60_000) // the second try is due
 * await queue.drain()
 * @module
 */

export { type TestQueue, type TestQueueOptions, testQueue } from './test-queue.ts'
export type { EnqueuedFilter, EnqueuedJob, TestedJob } from './tested-job.ts'
