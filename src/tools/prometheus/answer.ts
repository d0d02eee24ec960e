import type { Family } from '../figures/parts.ts'
import { formatFor } from './exposition/negotiate.ts'
import { contentTypes, written } from './exposition/write.ts'

/** The answer to a scrape, in the format that it asks for. */
export function answerTo(request: Request, families: readonly Family[]): Response {
  const format = formatFor(request.headers.get('accept'))
  const body = request.method === 'HEAD' ? null : written(families, format)
  return new Response(body, {
    headers: { 'content-type': contentTypes[format], 'cache-control': 'no-store', vary: 'accept' },
  })
}
