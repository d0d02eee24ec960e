const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Escapes text that users chose (names of models and jobs) for a drawing. */
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? '')

type Attributes = Readonly<Record<string, string | number | undefined>>

/** One element of an SVG. `inside` is markup already. */
export function element(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [` ${key}="${escaped(String(typeof value === 'number' ? rounded(value) : value))}"`],
  )
  const body = inside.join('')
  return body === '' ? `<${name}${given.join('')}/>` : `<${name}${given.join('')}>${body}</${name}>`
}

/** Nothing finer than a tenth of a pixel is visible. */
const rounded = (value: number): number => Math.round(value * 10) / 10

export const label = (x: number, y: number, text: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escaped(text))
