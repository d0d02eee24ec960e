import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { Ask, Connections } from './connections.ts'

/**
 * Since when the session that answered is told that commits wait for a standby: the start of its server, and when it read the settings, in
 * seconds. Null: they are not to wait.
 */
export type WaitSetting = string | null

/** In a list of columns, as {@link WaitSetting}. */
export const askedColumn =
  "case when current_setting('synchronous_standby_names') <> '' and current_setting('max_wal_senders') <> '0' then " +
  "extract(epoch from pg_postmaster_start_time()) || ' ' || extract(epoch from pg_conf_load_time()) end"

/** Writes the least that a commit can write, so that it has something to wait for: nothing, if commits are not to wait. */
export const commitThatWaits =
  `select ${askedColumn} as asked, set_config('synchronous_commit', 'on', true), ` +
  `case when ${askedColumn} is not null then pg_logical_emit_message(true, 'interlock', '') end`

/** The same, and whether this server has an event: the version of its log, up to where that is archived, and the time of the event. */
export const commitBehind = `${commitThatWaits}, p.version::float8, p.archived_seq::float8, p.at from public.job_queue_page($1::text, $2::bigint, 1) p`

/** How often it looks, before it says that commits do not wait. On a busy machine one that waits is not seen at once. */
const LOOKS = 40

/** For some milliseconds, or until a session is seen whose commit waits. */
const look = `
  with recursive looks as (
    select clock_timestamp() as at, clock_timestamp() + interval '50 milliseconds' as until, false as sees
    union all
    select clock_timestamp(), l.until, exists(
        select from pg_stat_get_activity(null) a
         where a.wait_event_type = 'IPC' and a.wait_event = 'SyncRep' and l.until is not null)
      from looks l where not l.sees and clock_timestamp() < l.until)
  select extract(epoch from pg_postmaster_start_time())::text as server, extract(epoch from l.at)::text as at
    from looks l where l.sees`

/**
 * The proof that commits wait for a standby. `synchronous_standby_names` does not give it, nor does `sync_state`: sessions show the one, and
 * act by the other, as soon as they have read the settings, and commits wait once the checkpointer has. So a commit is looked at that waits. What
 * was seen holds for all sessions that had read the settings before, until they read them again.
 */
export class WaitProof {
  readonly #connections: Connections
  readonly #ask: Ask
  /** Of which server, and when by its clock, in seconds. */
  #seen = { server: '', at: Number.NEGATIVE_INFINITY }
  #finding: Promise<boolean> | undefined

  constructor(connections: Connections, ask: Ask) {
    this.#connections = connections
    this.#ask = ask
  }

  holds(asked: string): boolean {
    const [server, since] = asked.split(' ')
    return this.#seen.server === server && this.#seen.at > Number(since)
  }

  /** False: no commit waits. @throws what the driver throws */
  find(): Promise<boolean> {
    this.#finding ??= this.#find().finally(() => (this.#finding = undefined))
    return this.#finding
  }

  /** Over connections of its own: your pool may have only one, and what is ended here is said on none of the others. */
  async #find(): Promise<boolean> {
    const looking = this.#connections.client()
    const committing = this.#connections.client()
    try {
      await Promise.all([looking, committing].map((client) => connected(client)))
      return await this.#look(looking, committing)
    } finally {
      for (const client of [looking, committing]) client.end().catch(() => {})
    }
  }

  async #look(looking: pg.Client, committing: pg.Client): Promise<boolean> {
    const commits = new Commits(this.#ask, committing)
    try {
      for (let looks = 0; looks < LOOKS; looks++) {
        const [row] = (await this.#ask<{ server: string; at: string }>(looking, look)).rows
        if (row === undefined) continue
        this.#seen = { server: row.server, at: Number(row.at) }
        return true
      }
      return false
    } finally {
      await commits.end(looking)
    }
  }
}

/** Commits one after the other, which wait if commits do. */
class Commits {
  readonly #ask: Ask
  /** Tells them from the statements of others. */
  readonly #text = `/* ${randomBytes(8).toString('hex')} */ ${commitThatWaits}`
  #isOver = false
  #isDone = false

  constructor(ask: Ask, on: pg.Client) {
    this.#ask = ask
    this.#run(on).catch(() => {})
  }

  async #run(on: pg.Client): Promise<void> {
    try {
      while (!this.#isOver) await this.#ask(on, this.#text)
    } finally {
      this.#isDone = true
    }
  }

  /** Ends the one that waits, over another connection: nobody needs what it has written. */
  async end(over: pg.Client): Promise<void> {
    this.#isOver = true
    const text = "select pg_cancel_backend(pid) from pg_stat_activity where state = 'active' and query = $1"
    while (!this.#isDone) await this.#ask(over, { text, values: [this.#text] })
  }
}

async function connected(client: pg.Client): Promise<void> {
  client.on('error', () => {})
  await client.connect()
}
