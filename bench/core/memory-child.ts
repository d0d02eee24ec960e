/** Answers how many bytes of heap the ledger takes for each waiting job. */
import { answer, asked } from '../frame/child.ts'
import { byModel, type LineShape, WorkedLine } from './line.ts'

const shape = asked<Omit<LineShape, 'policy'>>()
// What the code itself takes when it has run once is no part of it.
new WorkedLine({ ...shape, waiting: 100, policy: byModel })
const before = heapUsed()
const line = new WorkedLine({ ...shape, policy: byModel })
// A process that has worked for a while: jobs have been copied, moved between nodes, taken out.
for (let i = 0; i < shape.waiting; i++) line.step()
answer((heapUsed() - before) / line.queue.ledger.jobs.size)

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
