/**
 * The drivers and query builders whose transactions `enqueueIn` runs in, each through its real package. Their types are looked at where a
 * program is compiled against the installed package (test/slow/e2e/installed/transactions.ts).
 */
import { createRequire } from 'node:module'
import {
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPg,
  fromPostgresJs,
  fromPrisma,
  type TransactionSql,
} from '../../../src/engine/transaction/index.ts'

/** What a package gives, without its types. */
type OfPackage = ReturnType<NodeJS.Require>
/** A driver's packages: of the oldest release that is promised, or of the newest. */
type Load = (name: string) => OfPackage

const newest: Load = createRequire(import.meta.url)
/** Under the names that package.json has for the oldest releases. */
const oldest: Load = (name) =>
  newest(
    name.replace(/^(?:@(\w+)\/)?([\w-]+)/, (_, scope, own) => `${scope ? `${scope}-` : ''}${own}-oldest`),
  )

/** An open transaction of a program. */
export interface OpenTransaction {
  readonly sql: TransactionSql
  /** A statement of the program's own, by its driver. */
  run(text: string): Promise<unknown>
  /** A transaction inside it, as the driver makes one: a savepoint. Rolled back when the work fails, which then fails itself. */
  nested(work: (inner: OpenTransaction) => Promise<unknown>): Promise<unknown>
}

export interface Driver {
  /** What commits by itself. */
  readonly outside: () => TransactionSql
  /** Committed when the work is done, rolled back when it fails. */
  transaction(work: (tx: OpenTransaction) => Promise<unknown>): Promise<unknown>
  close(): Promise<unknown>
}

async function ofPg(url: string, load: Load): Promise<Driver> {
  const { Pool } = load('pg')
  const pool = new Pool({ connectionString: url })
  return {
    outside: () => fromPg(pool),
    transaction: async (work) => {
      const client = await pool.connect()
      const run = (text: string) => client.query(text)
      try {
        return await enclosed(run, ['begin', 'commit', 'rollback'], () =>
          work(bySavepoints(fromPg(client), run)),
        )
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

/** For a driver that leaves savepoints to SQL. */
const bySavepoints = (sql: TransactionSql, run: OpenTransaction['run']): OpenTransaction => ({
  sql,
  run,
  nested: (work) =>
    enclosed(run, ['savepoint s', 'release savepoint s', 'rollback to savepoint s'], () =>
      work(bySavepoints(sql, run)),
    ),
})

async function enclosed(
  run: OpenTransaction['run'],
  [begin = '', commit = '', rollback = '']: readonly string[],
  work: () => Promise<unknown>,
): Promise<unknown> {
  await run(begin)
  try {
    const done = await work()
    await run(commit)
    return done
  } catch (error) {
    await run(rollback)
    throw error
  }
}

/** From release 4 on it is an ES module. */
const postgresOf = (load: Load): OfPackage => load('postgres').default ?? load('postgres')

async function ofPostgresJs(url: string, load: Load): Promise<Driver> {
  const client = postgresOf(load)(url, { onnotice: () => {}, max: 2 })
  const open = (sql: OfPackage): OpenTransaction => ({
    sql: fromPostgresJs(sql),
    run: (text) => sql.unsafe(text),
    nested: (work) => sql.savepoint((inner: OfPackage) => work(open(inner))),
  })
  return {
    outside: () => fromPostgresJs(client),
    transaction: (work) => client.begin((sql: OfPackage) => work(open(sql))),
    close: () => client.end(),
  }
}

function ofDrizzle(db: OfPackage, load: Load, close: Driver['close']): Driver {
  const { sql } = load('drizzle-orm')
  const open = (tx: OfPackage): OpenTransaction => ({
    sql: fromDrizzle(tx),
    run: async (text) => tx.execute(sql.raw(text)),
    nested: (work) => tx.transaction((inner: OfPackage) => work(open(inner))),
  })
  const transaction: Driver['transaction'] = (work) => db.transaction((tx: OfPackage) => work(open(tx)))
  return { outside: () => fromDrizzle(db), transaction, close }
}

async function ofDrizzleOnPg(url: string, load: Load): Promise<Driver> {
  // It looks whether what it is given is a pool of the pg that it finds.
  const { Pool } = newest('pg')
  const pool = new Pool({ connectionString: url })
  return ofDrizzle(load('drizzle-orm/node-postgres').drizzle(pool), load, () => pool.end())
}

async function ofDrizzleOnPostgresJs(url: string, load: Load): Promise<Driver> {
  const client = postgresOf(load)(url, { onnotice: () => {}, max: 2 })
  return ofDrizzle(load('drizzle-orm/postgres-js').drizzle(client), load, () => client.end())
}

async function ofKysely(url: string, load: Load): Promise<Driver> {
  const { Kysely, PostgresDialect, CompiledQuery, CamelCasePlugin } = load('kysely')
  const pool = new (load('pg').Pool)({ connectionString: url })
  const db = new Kysely({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] })
  return {
    outside: () => fromKysely(db),
    transaction: (work) =>
      db
        .transaction()
        .execute((trx: OfPackage) =>
          work(bySavepoints(fromKysely(trx), (text) => trx.executeQuery(CompiledQuery.raw(text)))),
        ),
    close: () => db.destroy(),
  }
}

async function ofKnex(url: string, load: Load): Promise<Driver> {
  const db = load('knex')({ client: 'pg', connection: url })
  const open = (trx: OfPackage): OpenTransaction => ({
    sql: fromKnex(trx),
    run: async (text) => trx.raw(text),
    nested: (work) => trx.transaction((inner: OfPackage) => work(open(inner))),
  })
  return {
    outside: () => fromKnex(db),
    transaction: (work) => db.transaction((trx: OfPackage) => work(open(trx))),
    close: () => db.destroy(),
  }
}

/** What `prisma generate` writes for a schema without models (`engineType = "client"`), less the types: it needs no binary. */
async function prismaClient(load: Load): Promise<OfPackage> {
  const { getPrismaClient } = load('@prisma/client/runtime/client')
  const { Module } = Reflect.get(globalThis, 'WebAssembly')
  const build = load === oldest ? 'query_compiler_bg' : 'query_compiler_fast_bg'
  const compiler = `@prisma/client/runtime/${build}.postgresql`
  const schema =
    'generator client {\n  provider = "prisma-client"\n}\ndatasource db {\n  provider = "postgresql"\n}\n'
  return getPrismaClient({
    previewFeatures: [],
    clientVersion: '7.10.0',
    engineVersion: '',
    activeProvider: 'postgresql',
    inlineSchema: schema,
    runtimeDataModel: { models: {}, enums: {}, types: {} },
    parameterizationSchema: { strings: [], graph: 'AAAA' },
    compilerWasm: {
      getRuntime: async () => load(`${compiler}.js`),
      getQueryCompilerWasmModule: async () =>
        new Module(Buffer.from(load(`${compiler}.wasm-base64.js`).wasm, 'base64')),
      importName: `./${build}.js`,
    },
  })
}

async function ofPrisma(url: string, load: Load): Promise<Driver> {
  const { PrismaPg } = load('@prisma/adapter-pg')
  const PrismaClient = await prismaClient(load)
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
  return {
    outside: () => fromPrisma(prisma),
    transaction: (work) =>
      prisma.$transaction((tx: OfPackage) =>
        work(bySavepoints(fromPrisma(tx), (text) => tx.$executeRawUnsafe(text))),
      ),
    close: () => prisma.$disconnect(),
  }
}

/** By name: how a program opens it. */
const byName: Readonly<Record<string, (url: string, load: Load) => Promise<Driver>>> = {
  pg: ofPg,
  'postgres.js': ofPostgresJs,
  'Drizzle on pg': ofDrizzleOnPg,
  'Drizzle on postgres.js': ofDrizzleOnPostgresJs,
  Kysely: ofKysely,
  Knex: ofKnex,
  Prisma: ofPrisma,
}

/** Each driver, in the oldest release that is promised and in the newest. */
export const drivers = Object.entries(byName).flatMap(([name, connect]) =>
  Object.entries({ oldest, newest }).map(
    ([age, load]) => [`${name}, ${age}`, (url: string) => connect(url, load)] as const,
  ),
)
