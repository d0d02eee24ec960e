/** What the dashboard uses of this room beside what is published. */
export { answerTo } from './answer.ts'
export type { ReadQueue } from './families/queue.ts'
export { QueueMeter } from './meter/queue-meter.ts'
export { figureFields, meterOptions } from './options.ts'
export { isBearer } from './serve.ts'
