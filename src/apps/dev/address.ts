import type { IncomingMessage } from 'node:http'

/** The address of a request. Null if its first line has none that can be read: any program may connect and send anything. */
export function addressOf({ url = '/' }: IncomingMessage): URL | null {
  // As a relative address, a path that begins with two slashes would be read as a host.
  return URL.parse(url.startsWith('/') ? `http://localhost${url}` : url)
}

/** A part of a path as text. Bytes that are not text become the replacement character, as in PostgREST. */
export function textOf(segment: string): string {
  const bytes = segment.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
