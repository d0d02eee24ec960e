/** What the page knows of the server: how its answers are called (types alone). */
export type { ChainDocument } from './api/chain.ts'
export type { MeDocument, PreviewDocument, PulledDocument, WorkerDocument } from './api/documents.ts'
export type { Lever } from './guard/grant.ts'
export type { RefusalDocument } from './guard/refused.ts'
