import type { IncomingMessage } from 'node:http'

/** The address of a request. Null if its first line has none that can be read: any program may connect and send anything. */
export function addressOf({ url = '/' }: IncomingMessage): URL | null {
  // As a relative address, a path that begins with two slashes would be read as a host.
  return URL.parse(url.startsWith('/') ? `http://localhost${url}` : url)
}
