import { invalidInput } from '../core/index.ts'
import { havingSchema, parseInput } from '../events/index.ts'

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
 * @throws InterlockError `invalid_input`
 */
export function fromPg(client: PgTransaction): TransactionSql {
  check(
    'client',
    client,
    'query',
    'the client of pg that has the transaction open',
    'idleCount' in Object(client),
  )
  return async (text, values) => rowsOf(await client.query(text, [...values]))
}

/**
 * @param sql what `sql.begin(async (sql) => …)` of `postgres` gives you
 * @throws InterlockError `invalid_input`
 */
export function fromPostgresJs(sql: PostgresJsTransaction): TransactionSql {
  check('sql', sql, 'unsafe', 'the sql that sql.begin of postgres gives you', 'begin' in Object(sql))
  return async (text, values) => rowsOf(await sql.unsafe(text, [...values]))
}

/**
 * @param tx what `db.transaction(async (tx) => …)` of Drizzle gives you, over any of its drivers for PostgreSQL
 * @throws InterlockError `invalid_input`
 */
export function fromDrizzle(tx: DrizzleTransaction): TransactionSql {
  const isOutside = 'transaction' in Object(tx) && !('rollback' in Object(tx))
  check('tx', tx, 'execute', 'the tx that db.transaction of Drizzle gives you', isOutside)
  // What its own sql`…` is to it, without a dependency on it: something that becomes a text and its values.
  return async (text, values) =>
    rowsOf(await tx.execute({ getSQL: () => ({ toQuery: () => ({ sql: text, params: values }) }) } as never))
}

/**
 * @param trx what `db.transaction().execute(async (trx) => …)` of Kysely gives you
 * @throws InterlockError `invalid_input`
 */
export function fromKysely(trx: KyselyTransaction): TransactionSql {
  const isOutside = Object(trx).isTransaction === false
  check('trx', trx, 'executeQuery', 'the trx that db.transaction().execute of Kysely gives you', isOutside)
  return async (text, values) =>
    rowsOf(
      await trx.executeQuery({
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
  const isOutside = 'transaction' in Object(trx) && Object(trx).isTransaction !== true
  check('trx', trx, 'raw', 'the trx that knex.transaction gives you', isOutside)
  return async (text, values) => {
    // Its placeholders are question marks, in order, and a text without values is not looked at.
    const used: (string | null)[] = []
    const translated = text.replace(/\$(\d+)/g, (_, n: string) => {
      used.push(values[Number(n) - 1] ?? null)
      return '?'
    })
    return rowsOf(await trx.raw(translated as never, used as never))
  }
}

/**
 * @param tx what `prisma.$transaction(async (tx) => …)` gives you
 * @throws InterlockError `invalid_input`
 */
export function fromPrisma(tx: PrismaTransaction): TransactionSql {
  check('tx', tx, '$queryRawUnsafe', 'the tx that prisma.$transaction gives you')
  return async (text, values) => rowsOf(await tx.$queryRawUnsafe(text, ...values))
}

/**
 * @param isOutside it has no transaction open, so what it runs would be committed by itself
 * @throws InterlockError `invalid_input`
 */
function check(name: string, given: unknown, call: string, what: string, isOutside = false): void {
  parseInput(havingSchema(what, [call]), given, name)
  if (isOutside) throw invalidInput(`${name}: would commit outside your transaction; pass ${what}`, name)
}

/** A result of `pg` has its rows in it; other drivers return them. */
function rowsOf(answer: unknown): readonly TransactionRow[] {
  const rows = Array.isArray(answer) ? answer : (answer as { readonly rows?: unknown } | null)?.rows
  return Array.isArray(rows) ? [...rows] : []
}
