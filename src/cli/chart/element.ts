const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Other people's words (names of models and jobs) as text of a drawing. */
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? '')

type Attributes = Readonly<Record<string, string | number | undefined>>

/** One element of an SVG; `inside` is markup already. */
export function element(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [` ${key}="${escaped(String(typeof value === 'number' ? rounded(value) : value))}"`],
  )
  const body = inside.join('')
  return body === '' ? `<${name}${given.join('')}/>` : `<${name}${given.join('')}>${body}</${name}>`
}

/** A tenth of a pixel is finer than anybody sees. */
const rounded = (value: number): number => Math.round(value * 10) / 10

export const label = (x: number, y: number, text: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escaped(text))
