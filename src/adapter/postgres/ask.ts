import type pg from 'pg'

export type Queryable = Pick<pg.ClientBase, 'query'>

/** A query as text, or with values, a name or a row mode. */
export type Question = string | (pg.QueryConfig<unknown[]> & Partial<Pick<pg.QueryArrayConfig, 'rowMode'>>)

export interface Answer<Row> {
  readonly rows: Row[]
  readonly command: string
}

export type Ask = <Row>(on: Queryable, question: Question) => Promise<Answer<Row>>

/** How long an answer may take unless the program's pool says otherwise: the longest wait for a lock is 2 s. */
export const ANSWER_MS = 15_000

/**
 * Asks, and gives up when the answer has not come in time, also in a pool of the program's own that waits for ever: a half-open
 * socket says nothing by itself. The pool drops the connection then.
 */
export const askWithin =
  (ms: number): Ask =>
  <Row>(on: Queryable, question: Question) => {
    const query = typeof question === 'string' ? { text: question } : question
    const inTime = { ...query, query_timeout: ms }
    return on.query(inTime) as Promise<pg.QueryResult> as Promise<Answer<Row>>
  }
