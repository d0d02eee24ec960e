/** The kinds of messages. `log` has events, and the number of the last one as its id. */
export type StreamEvent = 'log' | 'workers' | 'health' | 'time' | 'failure' | 'recovered' | 'reset' | 'bye'

/** One message of server-sent events. JSON has no line breaks. */
export const message = (event: StreamEvent, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Keeps proxies from closing a silent stream; browsers ignore it. */
export const comment = ': here\n\n'

/** How long a browser waits before it reconnects, in milliseconds. */
export const retry = 'retry: 500\n\n'
