import type { Format } from './write.ts'

/** The format that a scraper likes best; the text format if it says nothing, or nothing that is known here. */
export function formatFor(accept: string | null): Format {
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
