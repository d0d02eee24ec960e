/** What the page knows of the server: the types of its answers. */
export type { MeDocument, WorkerDocument } from './api/documents.ts'
export type { RefusalDocument } from './guard/refused.ts'
