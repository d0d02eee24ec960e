export type DatabaseRow = Readonly<Record<string, unknown>>

/** One transaction, or one connection outside of one. */
export interface Session {
  query(sql: string, values?: readonly unknown[]): Promise<readonly DatabaseRow[]>
}

/** The database behind a local Supabase: a PostgreSQL server, or the embedded one. */
export interface DevDatabase extends Session {
  /** For messages. Never contains credentials. */
  readonly name: string
  /** Runs many statements without values. Returns the rows of the last one, and rolls back a transaction that is left open. */
  exec(sql: string): Promise<readonly DatabaseRow[]>
  /**
   * Runs `work` in a transaction of its own, with these settings, which end with it; `role` is one of them.
   * @throws PoolExhausted if no connection came free; ConnectionLost
   */
  transaction<Out>(
    mode: 'read only' | 'read write',
    settings: Readonly<Record<string, string>>,
    work: (session: Session) => Promise<Out>,
  ): Promise<Out>
  /** `onGap`: the connection was lost and is back, so notifications may have been missed. */
  listen(channel: string, onPayload: (payload: string) => void, onGap?: () => void): Promise<void>
  close(): Promise<void>
}

/** A request waited too long because all connections were busy. */
export class PoolExhausted extends Error {}

/** The database could not be asked, or its answer did not come. */
export class ConnectionLost extends Error {}

/** One statement that makes all settings, for the transaction only. */
export function settingStatement(settings: Readonly<Record<string, string>>): {
  readonly text: string
  readonly values: readonly string[]
} {
  const entries = Object.entries(settings)
  const calls = entries.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`)
  return { text: `select ${calls.join(', ')}`, values: entries.flat() }
}
