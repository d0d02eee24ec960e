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

/** Role "inbox": commands that SQL has put there, for any process to decide. */
export interface InboxRole {
  /**
   * Commands that were put into the inbox by SQL and are not decided yet, the oldest first; `limit` 1 to 1,000, fewer where they
   * are large. They are kept for this caller for 2 s; what it has not answered by then is given to others.
   */
  inbox(queue: string, limit: number): Promise<readonly InboxRequest[]>
  /** What became of them. The first answer stays; answers are kept for a day. */
  answer(queue: string, answers: readonly InboxAnswer[]): Promise<void>
}
