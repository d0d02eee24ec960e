/** What the `details` of errors are, read off their types and the comments there. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { lineOf } from './comments.ts'
import { root } from './markdown.ts'

const text = readFileSync(path.join(root, 'src/engine/core/values/error-details.ts'), 'utf8')

/** The types that others are made of, by their names. */
const parts = new Map(
  [...text.matchAll(/^interface (\w+)( extends \w+)? \{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', base = '', body = '']) => [name, base + body],
  ),
)

/** The codes whose errors have details, those with the same ones together. What a detail is, is said where it comes first. */
export function detailRows(): readonly (readonly [codes: string, details: string])[] {
  const [, body = ''] = /^export interface ErrorDetails \{\n([\s\S]*?)^\}/m.exec(text) ?? []
  const codes = new Map<string, string[]>()
  for (const [, code = '', type = ''] of body.matchAll(
    /^ {2}readonly (\w+): ((?:.*\n)(?: {3,}.*\n| {2}\}.*\n)*)/gm,
  )) {
    const details = fieldsIn(type).join('\n')
    codes.set(details, [...(codes.get(details) ?? []), `\`${code}\``])
  }
  const told = new Set<string>()
  return [...codes].flatMap(([details, named]) =>
    details === ''
      ? []
      : [
          [
            named.join(', '),
            details
              .split('\n')
              .map((detail) => once(told, detail))
              .join('; '),
          ] as const,
        ],
  )
}

function once(told: Set<string>, detail: string): string {
  if (told.has(detail)) return detail.split(' ')[0] ?? ''
  told.add(detail)
  return detail
}

/** Its own, after those of the types that it names. */
function fieldsIn(type: string): readonly string[] {
  const own = [...type.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?readonly (\w+\??):/g)]
  const bases = [...parts].filter(([name]) => new RegExp(`\\b${name}\\b`).test(type))
  return [
    ...bases.flatMap(([, body]) => fieldsIn(body)),
    ...own.map(([, comment = '', name = '']) => {
      const says = lineOf(comment)
        .replace(/\.$/, '')
        .replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase())
      return `\`${name}\`${says === '' ? '' : ` (${says})`}`
    }),
  ]
}
