import type { Json } from '../core/index.ts'

/** A command that was put into the inbox by SQL. */
export interface InboxRequest {
  readonly requestId: string
  /** As it was put there, unchecked. */
  readonly command: Json
}

export interface InboxAnswer {
  readonly requestId: string
  /** Null: it could not be decided, and goes back for others to decide. */
  readonly answer: Json
}

/** Role "inbox": commands by SQL, for any process to decide. */
export interface InboxRole {
  /**
   * Undecided commands that SQL put into the inbox, the oldest first; `limit` 1 to 1,000, fewer if they are large. They are
   * reserved for this caller for 2 s; unanswered ones then go to others.
   */
  inbox(queue: string, limit: number): Promise<readonly InboxRequest[]>
  /** Answers commands. The first answer counts; answers are kept for a day. */
  answer(queue: string, answers: readonly InboxAnswer[]): Promise<void>
}
