import type pg from 'pg'
import { type Addresses, parseAddresses } from '../../events/index.ts'
import { inSchema } from '../index.ts'
import type { Host } from './host-search.ts'
import { clientOf, Hosts, type PgDriver } from './hosts.ts'

export type Queryable = Pick<pg.ClientBase, 'query'>

/** A query as text, or with values, a name or a row mode. */
export type Question = string | (pg.QueryConfig<unknown[]> & Partial<Pick<pg.QueryArrayConfig, 'rowMode'>>)

export interface QueryAnswer<Row> {
  readonly rows: Row[]
  readonly command: string
}

export type Ask = <Row>(on: Queryable, question: Question) => Promise<QueryAnswer<Row>>

/** How long to wait for an answer, unless your pool says otherwise. The longest wait for a lock is 2 s. */
export const ANSWER_MS = 15_000

/**
 * Asks, and gives up if the answer does not come in time, even if your pool sets no limit: a half-open socket reports nothing.
 * The pool then drops the connection.
 *
 * All statements about an installation pass here, so they are written for the default alone.
 * @param schema of the installation; the default unless given
 */
export const askWithin =
  (ms: number, schema?: string): Ask =>
  <Row>(on: Queryable, question: Question) => {
    const query = typeof question === 'string' ? { text: question } : question
    const inTime = { ...(schema === undefined ? query : queryIn(schema, query)), query_timeout: ms }
    return on.query(inTime) as Promise<pg.QueryResult> as Promise<QueryAnswer<Row>>
  }

/** One pool may serve several installations, so a prepared statement has another name in each. */
const queryIn = (schema: string, query: Exclude<Question, string>): Exclude<Question, string> => ({
  ...query,
  text: inSchema(query.text, schema),
  ...(query.name === undefined ? undefined : { name: preparedIn(schema, query.name) }),
})

/** At most 63 characters, as the server keeps no more of a name. */
export const preparedIn = (schema: string, name: string): string => name.replace(/^job_queue_/, `${schema}.`)

/** Where the database is: your own pool, an address, or a configuration of `pg`. */
export type PostgresSource = pg.Pool | pg.PoolConfig | string

export interface Connections {
  readonly pool: pg.Pool
  /** The pool was made here, so every connection is set up as the address says. */
  readonly own: boolean
  /** `postgres://host:port/database`, with all hosts if there are several. */
  readonly name: string
  /** How long an answer may take, in milliseconds. */
  readonly answerMs: number
  /** There is more than one server, or it matters what the one is: `doubt` makes sense. */
  readonly hasChoice: boolean
  /** A connection beside the pool, not yet connected. */
  client(): pg.Client
  /** A call failed as if the server were gone, or took no writes: looks for the one that does. */
  doubt(): void
  /** A call hangs on a server that answers otherwise: looks whether another one has taken its place. */
  seekRival(): void
  /** Ends the pool if it was made here. */
  close(): Promise<void>
}

/** The settings of a pool made here. The coordinator has one append in flight, so a process needs few connections. */
const ownPool: pg.PoolConfig = {
  max: 4,
  application_name: 'interlock',
  // Without a delay, the system waits for two hours before it asks a silent peer.
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
  connectionTimeoutMillis: 5_000,
  query_timeout: ANSWER_MS,
  // The two calls in each half of a turn are sent together: two round trips instead of four while the queue is locked.
  pipeline: true,
}

/** How long one of several servers may take to say what it is. */
const CONNECT_MS = 2_000

export interface ConnectionsOptions {
  /** Told when another server is used from now on. */
  readonly onMoved?: (message: string) => void
}

export function connectionsTo(
  driver: PgDriver,
  source: PostgresSource,
  options: ConnectionsOptions = {},
): Connections {
  const { Pool, Client: One } = driver
  const isGiven = source instanceof Pool
  const route: ServerRoute = isGiven
    ? { Client: One, config: {}, hosts: null, statementMs: null }
    : routeTo(driver, { ...ownPool, ...configOf(source) }, options.onMoved)
  const { Client, hosts, places, statementMs } = route
  const limited = statementMs === null ? {} : { statement_timeout: statementMs }
  const pool = isGiven ? source : new Pool({ ...route.config, ...limited })
  // Without this listener, the end of an idle connection would end the process.
  const ignore = () => {}
  pool.on('error', ignore)
  // The pool stops listening to a client's errors before the client has closed: a connection that breaks then would end the
  // process too.
  const quiet = (made: pg.PoolClient) => void made.on('error', ignore)
  pool.on('connect', quiet)
  // It asks one thing at a time, and pipelining takes a fifth more of the process's time for each append.
  const client = () => new Client({ ...pool.options, ...secretsOf(pool), pipeline: false })
  const { host, port, database } = client()
  return {
    pool,
    own: pool !== source,
    answerMs: pool.options.query_timeout || ANSWER_MS,
    name: `postgres://${places ?? `${host}:${port}`}/${database ?? ''}`,
    hasChoice: hosts !== null,
    client,
    doubt: () => hosts?.doubt(),
    seekRival: () => hosts?.seekRival(),
    close: async () => {
      hosts?.close()
      // A pool made here keeps its listener while its clients close: if the server stops meanwhile, that is no error.
      if (pool !== source) return pool.end()
      pool.off('error', ignore)
      pool.off('connect', quiet)
    },
  }
}

/** How connections are made to what an address names. */
export interface ServerRoute {
  /** The class of the connections, each made with `config`. */
  readonly Client: PgDriver['Client']
  readonly config: pg.PoolConfig
  /** Null: there is one server, whatever it is. */
  readonly hosts: Hosts | null
  /** The servers, for messages, if there is a choice. */
  readonly places?: string
  /** How long the address lets a statement take, in milliseconds; it is not in `config`, since a pooler may refuse it there. */
  readonly statementMs: number | null
}

/** @throws InterlockError `invalid_input` for an address that cannot be read */
export function routeTo(
  driver: PgDriver,
  config: pg.PoolConfig,
  onMoved: (message: string) => void = () => {},
): ServerRoute {
  const addresses =
    config.connectionString === undefined ? null : parseAddresses(config.connectionString, 'source')
  if (addresses === null) return { Client: driver.Client, config, hosts: null, statementMs: null }
  const { each, wanted, connectMs, statementMs } = addresses
  const ofOne = { ...config, connectionString: each[0] }
  if (each.length === 1 && wanted === 'any')
    return { Client: driver.Client, config: ofOne, hosts: null, statementMs }
  const places = hostsOf(driver, addresses)
  const hosts = new Hosts({
    driver,
    hosts: places,
    wanted,
    connectMs: connectMs ?? CONNECT_MS,
    // A pooler may refuse the limit of a statement; these questions have one of their own.
    config: { ...ofOne, statement_timeout: false, pipeline: false },
    onMoved: (to, from) => onMoved(`${to.name} takes writes and is used from here on (before: ${from.name})`),
  })
  const Client = clientOf(hosts, driver)
  const named = places.map(({ name }) => name).join(',')
  return { Client, config: { ...ofOne, Client }, hosts, places: named, statementMs }
}

/** As the driver reads each address. */
const hostsOf = ({ Client }: PgDriver, { each }: Addresses): readonly Host[] =>
  each.map((connectionString) => {
    const { host, port } = new Client({ connectionString })
    return { host, port, name: `${host.includes(':') ? `[${host}]` : host}:${port}` }
  })

/** A pool makes its password non-enumerable, so that it is not printed. A spread would lose it. */
const secretsOf = ({ options: { password } }: pg.Pool): pg.ClientConfig =>
  password === undefined ? {} : { password }

const configOf = (source: pg.PoolConfig | string): pg.PoolConfig =>
  typeof source === 'string' ? { connectionString: source } : source
