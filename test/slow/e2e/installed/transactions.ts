// What a program passes to `enqueueIn`, with the types of its driver. Compiled, never run: test/servers/transaction runs them.
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleOnPglite } from 'drizzle-orm/pglite'
import { drizzle as drizzleOnPostgresJs } from 'drizzle-orm/postgres-js'
import {
  enqueueIn,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPg,
  fromPostgresJs,
} from 'interlock-queue/transaction'
import knex from 'knex'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import postgres from 'postgres'

const jobs = [{ jobId: 'a', models: ['m'] }]
const pool = new pg.Pool()

await enqueueIn(fromPg(await pool.connect()), jobs)
await enqueueIn(fromPg(new pg.Client()), jobs, { notify: false, requestId: 'r', queue: 'q' })
await new PGlite().transaction((tx) => enqueueIn(fromPg(tx), jobs))
await postgres().begin((sql) => enqueueIn(fromPostgresJs(sql), jobs))
await postgres().begin((sql) => sql.savepoint((inner) => enqueueIn(fromPostgresJs(inner), jobs)))
await drizzle(pool).transaction((tx) => enqueueIn(fromDrizzle(tx), jobs))
await drizzleOnPostgresJs(postgres()).transaction((tx) => enqueueIn(fromDrizzle(tx), jobs))
await drizzleOnPglite(new PGlite()).transaction((tx) => enqueueIn(fromDrizzle(tx), jobs))
const db = new Kysely<{ orders: { id: string } }>({ dialect: new PostgresDialect({ pool }) })
await db.transaction().execute((trx) => enqueueIn(fromKysely(trx), jobs))
await enqueueIn(fromKysely(await db.startTransaction().execute()), jobs)
await knex({ client: 'pg' }).transaction((trx) => enqueueIn(fromKnex(trx), jobs))
const { jobs: submitted } = await enqueueIn(async () => [], jobs)
console.log(submitted.map(({ jobId, state }) => `${jobId} ${state}`))
