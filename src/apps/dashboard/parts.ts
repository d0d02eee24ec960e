/** What the page uses of the server: the names of its answers (types only). */
export type { Health, HealthCheck } from '../../tools/insight/parts.ts'
export type { ChainDocument } from './api/chain.ts'
export type { JobDocument } from './api/job-documents.ts'
export type { PreviewDocument, PulledDocument } from './api/lever-documents.ts'
export type { MeDocument, WorkerDocument } from './api/queue-documents.ts'
export type { Lever } from './guard/grant.ts'
export type { RefusalDocument } from './guard/refused.ts'
