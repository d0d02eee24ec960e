import type { Rpc, Turn } from '../sql/index.ts'

/** The database as a store sees it: in this process, or behind the socket of the process that owns it. */
export interface Backend {
  readonly rpc: Rpc
  /** Ready for one turn. */
  turn(): Turn
  /** Calls back with what the database announces (`tellWake`), no matter which process caused it. Returns how to stop. */
  listen(onWake: (payload: string) => void): () => void
  /** Resolves when this backend is of no more use: closed, or its owner gone. */
  readonly lost: Promise<void>
  close(): Promise<void>
}
