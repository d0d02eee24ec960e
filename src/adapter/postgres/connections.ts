import type pg from 'pg'
import { ANSWER_MS } from './ask.ts'

/** Where the database is: your own pool, an address, or a configuration of `pg`. */
export type PostgresSource = pg.Pool | pg.PoolConfig | string

export interface Connections {
  readonly pool: pg.Pool
  /** The pool was made here, so every connection is set up as the address says. */
  readonly own: boolean
  /** `postgres://host:port/database`. */
  readonly name: string
  /** How long an answer may take, in milliseconds. */
  readonly answerMs: number
  /** A connection beside the pool, not yet connected. */
  client(): pg.Client
  /** Ends the pool if it was made here. */
  close(): Promise<void>
}

/** The settings of a pool made here. The coordinator has one append in flight, so a process needs few connections. */
const ownPool: pg.PoolConfig = {
  max: 4,
  application_name: 'interlock',
  keepAlive: true,
  connectionTimeoutMillis: 5_000,
  query_timeout: ANSWER_MS,
  // The two calls in each half of a turn are sent together: two round trips instead of four while the queue is locked.
  pipeline: true,
}

/** The part of `pg` that makes connections. It is passed in, so that a bundle for another store does not contain it. */
export type PgDriver = Pick<typeof pg, 'Pool' | 'Client'>

export function connectionsTo(driver: PgDriver, source: PostgresSource): Connections {
  const { Pool, Client } = driver
  const pool = source instanceof Pool ? source : new Pool({ ...ownPool, ...configOf(source) })
  // Without this listener, the end of an idle connection would end the process.
  const ignore = () => {}
  pool.on('error', ignore)
  // The pool stops listening to a client's errors before the client has closed: a connection that breaks then would end the
  // process too.
  const quiet = (made: pg.PoolClient) => void made.on('error', ignore)
  pool.on('connect', quiet)
  const client = () => new Client({ ...pool.options, ...secretsOf(pool), pipeline: false })
  const { host, port, database } = client()
  return {
    pool,
    own: pool !== source,
    answerMs: pool.options.query_timeout || ANSWER_MS,
    name: `postgres://${host}:${port}/${database ?? ''}`,
    client,
    close: async () => {
      // A pool made here keeps its listener while its clients close: if the server stops meanwhile, that is no error.
      if (pool !== source) return pool.end()
      pool.off('error', ignore)
      pool.off('connect', quiet)
    },
  }
}

/** A pool makes its password non-enumerable, so that it is not printed. A spread would lose it. */
const secretsOf = ({ options: { password } }: pg.Pool): pg.ClientConfig =>
  password === undefined ? {} : { password }

const configOf = (source: pg.PoolConfig | string): pg.PoolConfig =>
  typeof source === 'string' ? { connectionString: source } : source
