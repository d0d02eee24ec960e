import type { Json } from '../core/index.ts'

/** A command that was put into the inbox by SQL. */
export interface InboxRequest {
  readonly requestId: string
  /** As it was put there: not checked. */
  readonly command: Json
}

export interface InboxAnswer {
  readonly requestId: string
  /** Null: it could not be decided, and is given back, for others to decide. */
  readonly answer: Json
}
