/** What the page uses of the server: the names of its answers (types only). */
export type { ChainDocument } from './api/chain.ts'
export type { MeDocument, PreviewDocument, PulledDocument, WorkerDocument } from './api/documents.ts'
export type { Lever } from './guard/grant.ts'
export type { RefusalDocument } from './guard/refused.ts'
