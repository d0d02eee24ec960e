import pg from 'pg'

/** A connection for one piece of work. */
export async function withClient<Out>(url: string, work: (client: pg.Client) => Promise<Out>): Promise<Out> {
  const client = new pg.Client({ connectionString: url })
  // A server that is killed under it says so here as well.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
