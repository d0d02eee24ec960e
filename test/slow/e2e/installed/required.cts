/** A program in CommonJS. */
import interlock = require('interlock-queue')
import memory = require('interlock-queue/memory')

import { createJobWorker, type Job } from 'interlock-queue'
import { pgliteStore } from 'interlock-queue/pglite'
import { createMetrics } from 'interlock-queue/prometheus'

const width = (job: Job<{ width: number }>): number => job.payload.width

async function main(): Promise<void> {
  const coordinator = await interlock.createCoordinator<{ resize: { width: number } }>({
    store: memory.memoryStore(),
  })
  createJobWorker({ coordinator, handlers: { resize: width } })
  const error: unknown = new interlock.InterlockError('closed', 'over')
  if (interlock.isInterlockError(error)) console.log(error.code satisfies interlock.ErrorCode)
  const again: interlock.InterlockError = new interlock.InterlockError('closed', 'over')
  console.log(again instanceof interlock.InterlockError, typeof pgliteStore)
  createMetrics({ coordinator }).close()
  await coordinator.close()
}
void main()
