import type { IncomingMessage } from 'node:http'

/** What a request asks for; null when its first line has no address that can be read. Anybody may send anything. */
export function addressOf({ url = '/' }: IncomingMessage): URL | null {
  // A path of two slashes would be read as a host if it were taken as relative.
  return URL.parse(url.startsWith('/') ? `http://localhost${url}` : url)
}

/** The text of a part of a path; bytes that are no text become the sign for that, as with PostgREST. */
export function textOf(segment: string): string {
  const bytes = segment.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
