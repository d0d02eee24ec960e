import pg from 'pg'

/** What a backup of the database has of Interlock. */
const tables = ['log', 'log_archive', 'heads', 'state', 'jobs', 'workers', 'snapshots'].map(
  (name) => `job_queue_${name}`,
)

async function onOwner(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('set search_path = public, interlock')
  await client.query('begin')
  for (const statement of statements) await client.query(statement)
  await client.query('commit')
  await client.end()
}

/** Keeps what there is now, in the same database. */
export const backUp = (url: string): Promise<void> =>
  onOwner(
    url,
    tables.map((name) => `create table backup_${name} as select * from ${name}`),
  )

/** Puts back what was kept. No connection is cut, so nobody hears of it. */
export const restore = (url: string): Promise<void> =>
  onOwner(url, [
    ...['log', 'log_archive'].map((name) => `alter table job_queue_${name} disable trigger user`),
    ...tables.flatMap((name) => [
      `delete from ${name}`,
      `insert into ${name} overriding system value select * from backup_${name}`,
    ]),
    ...['log', 'log_archive'].map((name) => `alter table job_queue_${name} enable trigger user`),
  ])
