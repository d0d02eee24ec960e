import pg from 'pg'
import type { LogStore } from '../../src/engine/store/index.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import type { Servers } from '../frame/servers.ts'
import { makeFloor } from './floor.ts'

/** What is measured: a store on a database, and a bare connection to the same. */
export interface Subject {
  readonly url: string
  readonly store: LogStore
  readonly client: pg.Client
}

export async function withSubject<Out>(
  servers: Servers,
  work: (subject: Subject) => Promise<Out>,
): Promise<Out> {
  const url = await servers.database()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await makeFloor(client)
  const store = postgresStore(url)
  try {
    return await work({ url, store, client })
  } finally {
    await store.close()
    await client.end()
  }
}

let queues = 0

/** A queue that nobody has used: every measurement begins with an empty one. */
export const queueName = (prefix: string): string => `${prefix}-${++queues}`
