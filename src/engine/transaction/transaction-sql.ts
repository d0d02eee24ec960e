import { invalidInput } from '../core/index.ts'
import { havingSchema, parseInput } from '../events/index.ts'
import { raisedIn } from '../store/index.ts'

/** A row of an answer. Interlock's statements have one column, a text. */
export type TransactionRow = Readonly<Record<string, unknown>>

/**
 * Runs one statement in the transaction that the caller has open, and returns its rows. Make one from what you have: `fromPg(client)` and
 * its like; or write it yourself, it is one function.
 *
 * The text has placeholders `$1`, `$2`, …, and no question mark. Values are texts, or null.
 */
export type TransactionSql = (
  text: string,
  values: readonly (string | null)[],
) => Promise<readonly TransactionRow[]>

/** A client of `pg` in a transaction, never the pool. The transaction of PGlite has the same shape. */
export interface PgTransaction {
  query(text: string, values: (string | null)[]): PromiseLike<{ readonly rows: readonly unknown[] }>
  /** The pool has one: what it runs is outside your transaction. */
  readonly idleCount?: never
}

/** The `sql` of `postgres` (postgres.js) in `sql.begin`, or in a `savepoint` of it. */
export interface PostgresJsTransaction {
  unsafe(text: string, values: (string | null)[]): PromiseLike<readonly unknown[]>
}

/** The `tx` of `db.transaction` of Drizzle. `never`: its own types say what it takes. */
export interface DrizzleTransaction {
  execute(query: never): PromiseLike<unknown>
}

/** The `trx` of `db.transaction().execute` of Kysely. `never`: its own types say what it takes. */
export interface KyselyTransaction {
  executeQuery(query: never): PromiseLike<{ readonly rows: readonly unknown[] }>
}

/** The `trx` of `knex.transaction`. `never`: its own types say what it takes. */
export interface KnexTransaction {
  raw(text: never, bindings: never): PromiseLike<unknown>
}

/** The `tx` of `prisma.$transaction(async (tx) => …)`. */
export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: (string | null)[]): PromiseLike<unknown>
}

/**
 * @param client a client of `pg` in its transaction, or the transaction of PGlite
 * @returns it asks, before each statement, whether a transaction is open, and refuses with `invalid_input` if none is; the others do, too
 * @throws InterlockError `invalid_input`
 */
export function fromPg(client: PgTransaction): TransactionSql {
  return within('client', client, 'query', 'the client of pg that has the transaction open', (text, values) =>
    client.query(text, [...values]),
  )
}

/**
 * @param sql what `sql.begin(async (sql) => …)` of `postgres` gives you
 * @throws InterlockError `invalid_input`
 */
export function fromPostgresJs(sql: PostgresJsTransaction): TransactionSql {
  return within('sql', sql, 'unsafe', 'the sql that sql.begin of postgres gives you', (text, values) =>
    sql.unsafe(text, [...values]),
  )
}

/**
 * @param tx what `db.transaction(async (tx) => …)` of Drizzle gives you, over any of its drivers for PostgreSQL
 * @throws InterlockError `invalid_input`
 */
export function fromDrizzle(tx: DrizzleTransaction): TransactionSql {
  // What its own sql`…` is to it, without a dependency on it: something that becomes a text and its values.
  return within('tx', tx, 'execute', 'the tx that db.transaction of Drizzle gives you', (text, values) =>
    tx.execute({ getSQL: () => ({ toQuery: () => ({ sql: text, params: values }) }) } as never),
  )
}

/**
 * @param trx what `db.transaction().execute(async (trx) => …)` of Kysely gives you
 * @throws InterlockError `invalid_input`
 */
export function fromKysely(trx: KyselyTransaction): TransactionSql {
  const what = 'the trx that db.transaction().execute of Kysely gives you'
  return within('trx', trx, 'executeQuery', what, (text, values) =>
    trx.executeQuery({
      sql: text,
      parameters: values,
      // What CompiledQuery.raw makes; plugins look at it, and it has no parts for them.
      query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
      queryId: { queryId: 'interlock' },
    } as never),
  )
}

/**
 * @param trx what `knex.transaction(async (trx) => …)` gives you
 * @throws InterlockError `invalid_input`
 */
export function fromKnex(trx: KnexTransaction): TransactionSql {
  return within('trx', trx, 'raw', 'the trx that knex.transaction gives you', (text, values) => {
    // Its placeholders are question marks, in order, and a text without values is not looked at.
    const used: (string | null)[] = []
    const translated = text.replace(/\$(\d+)/g, (_, n: string) => {
      used.push(values[Number(n) - 1] ?? null)
      return '?'
    })
    return trx.raw(translated as never, used as never)
  })
}

/**
 * @param tx what `prisma.$transaction(async (tx) => …)` gives you
 * @throws InterlockError `invalid_input`
 */
export function fromPrisma(tx: PrismaTransaction): TransactionSql {
  return within('tx', tx, '$queryRawUnsafe', 'the tx that prisma.$transaction gives you', (text, values) =>
    tx.$queryRawUnsafe(text, ...values),
  )
}

/** PostgreSQL takes it in a transaction only, and says so by this SQLSTATE. The lock is one that every reading statement takes. */
const ASK = 'lock table pg_catalog.pg_class in access share mode'
const NO_TRANSACTION = '25P01'

/**
 * Asks the connection, and not the shape of what was given: two releases of one driver do not look alike.
 * @throws InterlockError `invalid_input`
 */
function within(
  name: string,
  given: unknown,
  call: string,
  what: string,
  run: (...statement: Parameters<TransactionSql>) => PromiseLike<unknown>,
): TransactionSql {
  parseInput(havingSchema(what, [call]), given, name)
  return async (text, values) => {
    try {
      await run(ASK, [])
    } catch (error) {
      if (raisedIn(error)?.sqlstate !== NO_TRANSACTION) throw error
      throw invalidInput(`${name}: would commit outside your transaction; pass ${what}`, name)
    }
    return rowsOf(await run(text, values))
  }
}

/** A result of `pg` has its rows in it; other drivers return them. */
function rowsOf(answer: unknown): readonly TransactionRow[] {
  const rows = Array.isArray(answer) ? answer : (answer as { readonly rows?: unknown } | null)?.rows
  return Array.isArray(rows) ? [...rows] : []
}
