/** What the page knows of the server: how its answers are called. */
export type {
  DeadDocument,
  HeadDocument,
  MeDocument,
  PreviewDocument,
  PulledDocument,
  WorkerDocument,
} from './api/documents.ts'
export type { Lever } from './guard/grant.ts'
export type { RefusalDocument } from './guard/refused.ts'
export type { StreamEvent } from './stream/message.ts'
