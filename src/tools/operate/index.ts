/**
 * Look at a queue and keep it in order (`interlock-queue/operate`), without joining it: see what runs, what waits and why; take
 * in older rows; and say how jobs ended after a backup was restored.
 * @example
 * import { explain, status } from 'interlock-queue/operate'
 * import { postgresStore } from 'interlock-queue/postgres'
 *
 * const access = { store: postgresStore('postgres://localhost/app') }
 * const { activeCount, waitingCount } = await status(access)
 * const job = await explain(access, 'report-2041')
 * @module
 */
export { type AdoptDocument, type AdoptOptions, adopt, adoptable } from './adopt.ts'
export {
  type ChangeDocument,
  type ChangeOptions,
  changeJobs,
  type RefusedChange,
} from './change-jobs.ts'
export {
  type DataDocument,
  type ExplainDocument,
  type ExplainOptions,
  explain,
} from './explain.ts'
export type { FoundState, JobFilter } from './find-jobs.ts'
export { type FlowDocument, type FlowJob, type FlowLink, flow, flowMermaid } from './flow.ts'
export { type FoundDocument, type JobsDocument, jobs } from './jobs.ts'
export { type ChangePreview, type JobChange, type MarkedJob, previewChange } from './preview-change.ts'
export { type QueueDocument, queue, type SubmittedDocument } from './queue.ts'
export { type QuoteDocument, quote } from './quote.ts'
export type { Said } from './recover/decide.ts'
export { type ByOptions, beginEpoch, inDoubt, recover, voidUnreadable } from './recover/recover.ts'
export type { DoubtfulJob, RecoverDocument, VoidedEvent, Wish } from './recover/report.ts'
export { type ScheduleDocument, type SchedulesDocument, schedules } from './schedules.ts'
export { type StatusDocument, status } from './status.ts'
export type { WorkerDocument } from './workers.ts'
