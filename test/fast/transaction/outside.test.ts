/** What has no transaction open commits by itself: it is refused, whatever the driver. Nothing connects. */
import { drizzle } from 'drizzle-orm/node-postgres'
import knex from 'knex'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import postgres from 'postgres'
import { expect, it } from 'vitest'
import * as from from '../../../src/engine/transaction/index.ts'

const pool = new pg.Pool()

it.each<readonly [string, () => unknown]>([
  ['fromPg(pool)', () => from.fromPg(pool as never)],
  ['fromPostgresJs(sql)', () => from.fromPostgresJs(postgres())],
  ['fromDrizzle(db)', () => from.fromDrizzle(drizzle(pool))],
  ['fromKysely(db)', () => from.fromKysely(new Kysely({ dialect: new PostgresDialect({ pool }) }))],
  ['fromKnex(knex)', () => from.fromKnex(knex({ client: 'pg' }))],
])('%s is refused', (_, make) => {
  expect(make).toThrow(
    expect.objectContaining({
      code: 'invalid_input',
      message: expect.stringContaining('would commit outside your transaction'),
    }),
  )
})
