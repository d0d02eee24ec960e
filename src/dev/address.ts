import type { IncomingMessage } from 'node:http'

/** What a request asks for; null when its first line has no address that can be read. Anybody may send anything. */
export function addressOf({ url = '/' }: IncomingMessage): URL | null {
  // A path of two slashes would be read as a host if it were taken as relative.
  return URL.parse(url.startsWith('/') ? `http://localhost${url}` : url)
}

/** A part of a path as text. Bytes that are not text become the replacement character, as in PostgREST. */
export function textOf(segment: string): string {
  const bytes = segment.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
