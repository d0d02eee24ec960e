import type { Family } from '../figures/index.ts'
import { contentTypes, type Format, written } from './exposition.ts'

/** The answer to a scrape, in the format that it asks for. */
export function answerTo(request: Request, families: readonly Family[]): Response {
  const format = formatFor(request.headers.get('accept'))
  const body = request.method === 'HEAD' ? null : written(families, format)
  return new Response(body, {
    headers: { 'content-type': contentTypes[format], 'cache-control': 'no-store', vary: 'accept' },
  })
}

/** The format that a scraper likes best; the text format if it says nothing, or nothing that is known here. */
function formatFor(accept: string | null): Format {
  let best: Format = 'text'
  let most = 0
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const value = (name: string) =>
      parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
    const format = known(type, value('version'))
    const weight = Number(value('q') ?? 1)
    // A scraper that takes anything takes the text format, as it always was.
    if (format === null || !(weight > most)) continue
    best = format
    most = weight
  }
  return best
}

function known(type: string, version: string | undefined): Format | null {
  if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0'))
    return 'openmetrics'
  const isText = type === 'text/plain' && (version === undefined || version === '0.0.4')
  return isText || type === 'text/*' || type === '*/*' ? 'text' : null
}
