/** Texts that others wrote, on their way to a person: ids, models, file names, messages of a server. */

/** Control characters, separators of lines, half surrogates, and what turns the direction of writing. */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/u
const eachUnseen = new RegExp(unseen, 'gu')
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * The text as one line that moves no cursor, forges no other line and hides nothing: what cannot be seen is written as JSON
 * writes it, so JSON stays the same document.
 */
export const oneLine = (text: string): string => (unseen.test(text) ? text.replace(eachUnseen, named) : text)

const named = (sign: string): string =>
  short[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/** An error for who looks for its cause, a line each: its message, which may have lines that are made to look like others, and its places. */
export const stackLines = ({ name, message, stack = '' }: Error): readonly string[] =>
  [`${name}: ${message}`, ...stack.split('\n').filter((line) => line.startsWith('    at '))].map(oneLine)

/** A word that every shell takes as it is. A first `~`, `=` or `-` has a meaning. */
const plain = /^[\w@%+:,./][\w@%+=:,./-]*$/

/**
 * The text as one word of a command line that people copy into their shell. It has no semicolon before a space: in a message,
 * what to do follows the last one.
 */
export function forShell(text: string): string {
  if (plain.test(text)) return text
  if (!unseen.test(text)) return `'${text.replaceAll("'", "'\\''").replaceAll('; ', ";'' ")}'`
  const escaped = text.replace(/['\\]/g, (sign) => `\\${sign}`).replaceAll('; ', ';\\040')
  return `$'${escaped.replace(eachUnseen, octal)}'`
}

/** A word for a shell that is not the value of an option: one that begins with a dash would be taken for an option. */
export const operand = (text: string): string => `${text.startsWith('-') ? '-- ' : ''}${forShell(text)}`

const octal = (sign: string): string =>
  [...new TextEncoder().encode(sign)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
