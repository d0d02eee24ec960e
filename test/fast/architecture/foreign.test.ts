/** Texts that others wrote leave this package by few ways, and in commands to copy they are quoted. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAst } from 'vitest/node'

const root = path.resolve(import.meta.dirname, '../../..')
const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((file) => file.replaceAll(path.sep, '/'))
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8')
/** Those in which there may be something; to parse them all takes seconds. */
const filesWith = (words: RegExp) => files.filter((file) => words.test(textOf(file)))

/** The files that write to a terminal or a log, and why nothing of others gets out there as it is. */
const ways: Readonly<Record<string, string>> = {
  'src/apps/cli/frame.ts': 'each text is a line: written()',
  'src/apps/cli/program.ts': 'failureText() and written()',
  'src/apps/cli/cli.ts': 'help pages, and what commander refuses: written()',
  'src/apps/cli/command/completion.ts': 'its own commands and options, quoted for a shell',
  'src/apps/cli/command/man.ts': 'its own commands and options',
  'src/apps/cli/run/worker-process.ts': 'failureText()',
  'src/apps/cli/top/run.ts': 'each line by asLine()',
  'src/apps/cli/demo/comparison.ts': 'its own queues and numbers',
  'src/apps/cli/terminal/progress.ts': 'its own labels and numbers, on a bar',
  'src/apps/cli/start.ts':
    'what the system says of standard output, and the empty text that tells when everything is written',
  'src/apps/cli/interrupt.ts': 'a fixed text',
  'src/apps/cli/main.ts': 'a fixed text and the version of Node',
  'src/engine/coordinator/base/logger.ts': 'plain()',
}

/** Programs that write files of this repository, when somebody works on it. */
const isTool = (file: string): boolean =>
  /^src\/engine\/migrate\/(bundle|database-types|sql-reference)\.ts$/.test(file)

type Node = Readonly<Record<string, unknown>>
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value

function nodesOf(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf)
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : []
}

const astOf = (file: string, text: string) =>
  nodesOf(parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }))

const named = (node: unknown): string => (isNode(node) ? String(node['name'] ?? '') : '')

/** `stdout.write(…)`, `process.stderr`, `console.log`: where a text gets out. */
function isWay(node: Node): boolean {
  if (node['type'] !== 'MemberExpression') return false
  const { object, property } = node
  if (named(object) === 'console' || (named(object) === 'process' && /^std(out|err)$/.test(named(property))))
    return true
  const stream =
    isNode(object) && object['type'] === 'MemberExpression' ? named(object['property']) : named(object)
  return named(property) === 'write' && /^std(out|err)$/.test(stream)
}

/** What stands in commands that people copy, as it is in the source: `${operand(jobId)}` is right, `${jobId}` is not. */
function unquotedIn(text: string, node: Node): readonly string[] {
  if (node['type'] !== 'TemplateLiteral') return []
  const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[]
  const expressions = node['expressions'] as readonly (Node & {
    readonly start: number
    readonly end: number
  })[]
  let before = ''
  return expressions.flatMap((expression, i) => {
    before += quasis[i]?.value.cooked ?? ''
    const isCopied = /\binterlock(?:-queue)? (?:-\S+ )*[a-z][a-z-]+(?: [^;`]*)?$/.test(before)
    const source = text.slice(expression.start, expression.end)
    before += 'x'
    return isCopied && !/\b(?:forShell|operand)\(/.test(source) ? [source] : []
  })
}

/** Interpolations behind the name of a command that no other person has written, or that are no command. */
const own: ReadonlySet<string> = new Set([
  // A table and a column of the migration's own list, whole days, numbers of the log, words that are quoted already.
  ...['table', 'column', 'days', 'at', 'of'],
  // "interlock needs Node.js …": sentences.
  ...["needed.join('.')", 'process.version', 'what', 'typed', 'does', "lines.join('\\n')"],
])

describe('texts that others wrote', () => {
  it('get out where they become lines, and nowhere else', () => {
    const found = filesWith(/std(out|err)|console/).filter(
      (file) => !isTool(file) && astOf(file, textOf(file)).some(isWay),
    )
    expect(found.toSorted()).toEqual(Object.keys(ways).toSorted())
  })

  it('are quoted in commands to copy', () => {
    const found = filesWith(/interlock [a-z-]/).flatMap((file) => {
      const text = textOf(file)
      return astOf(file, text).flatMap((node) => unquotedIn(text, node).map((source) => `${file}: ${source}`))
    })
    expect(found.filter((each) => !own.has(each.split(': ')[1] ?? ''))).toEqual([])
  })

  it('would be found', () => {
    const spoiled =
      'const a = `do it: interlock cancel $' + '{jobId} --force`; process.stdout.write(a); console.log(a)'
    const nodes = astOf('a.ts', spoiled)
    expect(nodes.flatMap((node) => unquotedIn(spoiled, node))).toEqual(['jobId'])
    expect(nodes.filter(isWay)).toHaveLength(3)
  })
})
