import type { Rpc, Turn } from '../sql/index.ts'

/** The database as a store sees it: in this process, or behind the socket of the process that owns it. */
export interface Backend {
  readonly rpc: Rpc
  /** A new turn. */
  turn(): Turn
  /** Calls back with what the database announces (`tellWake`), from any process. Returns the function that stops it. */
  listen(onWake: (payload: string) => void): () => void
  /** Resolves when this backend is no longer usable: it is closed, or its owner is gone. */
  readonly lost: Promise<void>
  close(): Promise<void>
}
