import type pg from 'pg'

export type Queryable = Pick<pg.ClientBase, 'query'>

/** A query as text, or with values, a name or a row mode. */
export type Question = string | (pg.QueryConfig<unknown[]> & Partial<Pick<pg.QueryArrayConfig, 'rowMode'>>)

export interface Answer<Row> {
  readonly rows: Row[]
  readonly command: string
}

export type Ask = <Row>(on: Queryable, question: Question) => Promise<Answer<Row>>

/** How long to wait for an answer, unless your pool says otherwise. The longest wait for a lock is 2 s. */
export const ANSWER_MS = 15_000

/**
 * Asks, and gives up if the answer does not come in time, even if your pool sets no limit: a half-open socket reports nothing.
 * The pool then drops the connection.
 */
export const askWithin =
  (ms: number): Ask =>
  <Row>(on: Queryable, question: Question) => {
    const query = typeof question === 'string' ? { text: question } : question
    const inTime = { ...query, query_timeout: ms }
    return on.query(inTime) as Promise<pg.QueryResult> as Promise<Answer<Row>>
  }
