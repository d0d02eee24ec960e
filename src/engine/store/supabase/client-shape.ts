/** An error of supabase-js: a plain object, not an Error. */
export interface SupabaseError {
  readonly code?: string | null
  readonly message?: string
  readonly details?: string | null
  /** Seconds; only from a client of `supabaseClient`. */
  readonly retryAfter?: number
}

export interface ApiResult {
  readonly data: unknown
  readonly error: SupabaseError | null
  readonly status: number
}

interface ApiRequest extends PromiseLike<ApiResult> {
  abortSignal(signal: AbortSignal): ApiRequest
}

interface TableRequest extends ApiRequest {
  order(column: string, options: { ascending: boolean }): TableRequest
  limit(rows: number): TableRequest
}

export type ChannelStatus = 'SUBSCRIBED' | 'TIMED_OUT' | 'CLOSED' | 'CHANNEL_ERROR'

export interface Channel {
  on(
    type: string,
    filter: Readonly<Record<string, unknown>>,
    callback: (message: Readonly<Record<string, unknown>>) => void,
  ): Channel
  subscribe(callback: (status: ChannelStatus, error?: Error) => void): Channel
  send(message: {
    type: 'broadcast'
    event: string
    payload: Readonly<Record<string, unknown>>
  }): Promise<unknown>
}

/** The functions and tables of one schema. */
export interface ApiLike {
  /** `never`, because a typed client takes only arguments that its types know. */
  rpc(name: string, args: never): ApiRequest
  from(table: string): { select(columns: string): TableRequest }
}

/**
 * What Interlock needs of a client of `@supabase/supabase-js`. These are methods, not properties, so that a client with your own
 * database types (`createClient<Database>`) fits as well.
 */
export interface SupabaseLike {
  schema(name: 'public'): ApiLike
  channel(name: string, options: { config: { private: boolean } }): Channel
  removeChannel(channel: Channel): Promise<unknown>
}
