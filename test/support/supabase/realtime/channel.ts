import type { Claims } from '../keys.ts'
import { type Changes, matches } from './changes.ts'
import type { ChangeBinding, JoinPayload, PhoenixMessage, RowChange } from './messages.ts'

export interface ChannelOptions {
  readonly topic: string
  readonly joinRef: string | null
  readonly join: JoinPayload
  readonly claims: Claims
  readonly send: (frame: PhoenixMessage) => void
}

let bindings = 0

/** One client's subscription to one topic. */
export class ClientChannel {
  readonly #options: ChannelOptions
  readonly #bindings: readonly (ChangeBinding & { readonly id: number })[]
  /** True once changes are sent. */
  #watching = false

  constructor(options: ChannelOptions) {
    this.#options = options
    this.#bindings = options.join.config.postgres_changes.map((binding) => ({ id: ++bindings, ...binding }))
  }

  get isPrivate(): boolean {
    return this.#options.join.config.private
  }

  /** The bindings in the form of the answer to a join: in order, each with a number. */
  get response(): object {
    return { postgres_changes: this.#bindings }
  }

  push(event: string, payload: unknown): void {
    const { send, joinRef, topic } = this.#options
    send({ joinRef, ref: null, topic, event, payload })
  }

  /** Sends the result in one `system` message per binding, some time after the join, as the real service does. */
  async watch(changes: Changes): Promise<void> {
    for (const binding of this.#bindings) {
      const refusal =
        this.#options.claims.role === 'service_role'
          ? await changes.watch(binding).catch((error: Error) => error.message)
          : 'here only service_role sees changes of tables: row level security is not checked'
      this.push('system', {
        channel: this.#options.topic.replace(/^realtime:/, ''),
        extension: 'postgres_changes',
        status: refusal === null ? 'ok' : 'error',
        message: refusal ?? 'Subscribed to PostgreSQL',
      })
      this.#watching ||= refusal === null
    }
  }

  tell(change: RowChange, columns: readonly unknown[]): void {
    const ids = this.#bindings.filter((binding) => matches(binding, change)).map(({ id }) => id)
    if (!this.#watching || ids.length === 0) return
    const { record = null, old_record = null, errors = null } = change
    const { schema, table, type } = change
    const commit_timestamp = new Date().toISOString()
    this.push('postgres_changes', {
      ids,
      data: { schema, table, type, commit_timestamp, columns, record, old_record, errors },
    })
  }
}
