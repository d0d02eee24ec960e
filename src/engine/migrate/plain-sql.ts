/** What is in SQL as it is: bodies of functions and blocks, texts, names in quotes. */
const kept = /\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$|\be'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"/i
  .source

const comment = /^[ \t]*--[^\n]*\n|[ \t]*--[^\n]*|\/\*[\s\S]*?\*\//.source

/**
 * SQL without what is written for its readers: comments outside of function bodies, and the blank lines that they leave. Bodies, texts and
 * quoted names stay byte for byte: `doctor` compares sums of bodies, and a text may hold what looks like a comment.
 */
export const withoutComments = (sql: string): string => less(less(sql, comment, ''), '\\n{3,}', '\n\n')

const less = (sql: string, what: string, by: string): string =>
  sql.replace(new RegExp(`(${kept})|${what}`, 'gim'), (all, own?: string) => (own === undefined ? by : all))
