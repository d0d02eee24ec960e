/** What the comments of the sources say about the members of a list, an object or an interface. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './markdown.ts'

export interface Described {
  readonly name: string
  /** Its comment, in one line. */
  readonly text: string
  /** What stands behind `@defaultValue`; empty: it has none. */
  readonly usual: string
  /** It has a type, and may not be left out. */
  readonly isRequired: boolean
  /** Its type is that of a list. */
  readonly isList: boolean
  /** The name of its type, or of that of its items. */
  readonly type: string
}

/**
 * The members of the declaration that begins with this line, each with the comment before it.
 * @param only the names of those that are meant; absent: all
 * @throws Error if one has none: the page would have an empty cell
 */
export function described(file: string, opening: string, only?: readonly string[]): readonly Described[] {
  const members = [...bodyOf(file, opening).matchAll(member)]
    .map(([, comment = '', quoted = '', plain = '', optional = '', type = '']) => ({
      name: quoted + plain,
      isRequired: optional === '' && type !== '',
      isList: /\[\](?: \| null)?$/.test(type),
      type: type.replace(/^readonly | \| null$|\[\]/g, ''),
      ...cellsOf(comment),
    }))
    .filter(({ name }) => only?.includes(name) ?? true)
  const bare = members.find(({ text }) => text === '')
  if (members.length === 0 || bare !== undefined)
    throw new Error(`${file}: ${opening} ${bare?.name ?? ''} has no comment that the pages could say`)
  return members
}

/** A comment, a name, and the rest: only what stands two columns in is a member. */
const member =
  /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}(?:readonly )?(?:'([^']+)'|(\w+))(?:(\??): (.*))?/gm

function bodyOf(file: string, opening: string): string {
  const text = readFileSync(path.join(root, file), 'utf8')
  const at = text.indexOf(`\n${opening}`)
  if (at < 0) throw new Error(`${file}: there is no ${opening}`)
  const body = text.slice(text.indexOf('\n', at + 1) + 1)
  return body.slice(0, body.search(/^[}\]]/m))
}

function cellsOf(comment: string): Pick<Described, 'text' | 'usual'> {
  const [text = '', usual = ''] = lineOf(comment).split(/ ?@defaultValue /)
  return { text, usual }
}

/** A comment without its stars, its links to other definitions and its ends of lines. */
export const lineOf = (comment: string): string =>
  comment
    .replace(/^\s*\* ?/gm, ' ')
    .replace(/\{@link (\S+?)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
