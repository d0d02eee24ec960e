/** What the text of a file says without being run: which files it imports, which properties it declares. */
import path from 'node:path'
import { parseAst } from 'vite'
import type { SourceFile } from './tree.ts'

export interface Import {
  /** From the top of the repository. */
  readonly to: string
  /** `type`: gone when it runs. `later`: by `import()`, when it is asked for. */
  readonly kind: 'value' | 'type' | 'later'
}

export interface Syntax extends SourceFile {
  readonly imports: readonly Import[]
  /** Properties `on…` that types, interfaces and classes of the file declare. */
  readonly declaredCallbacks: readonly string[]
  /** Properties `on…` that its object literals pass. */
  readonly passedCallbacks: readonly string[]
  /** Spreads of a literal: `...{ a, b }`. */
  readonly packed: number
}

export function syntaxOf(source: SourceFile): Syntax {
  const imports: Import[] = []
  const declaredCallbacks: string[] = []
  const passedCallbacks: string[] = []
  let packed = 0
  visit(parseAst(source.text, { lang: source.file.endsWith('.tsx') ? 'tsx' : 'ts' }), (node) => {
    const specifier = specifierOf(node)
    if (specifier?.startsWith('.'))
      imports.push({ to: path.posix.join(path.posix.dirname(source.file), specifier), kind: kindOf(node) })
    const name = keyOf(node)
    if (isCallback.test(name)) (node['type'] === 'Property' ? passedCallbacks : declaredCallbacks).push(name)
    if (node['type'] === 'SpreadElement' && typeOf(node['argument']) === 'ObjectExpression') packed++
  })
  return { ...source, imports, declaredCallbacks, passedCallbacks, packed }
}

const isCallback = /^on[A-Z]/
/** Properties that hold a function. A method, such as `onJobStart(…)`, is called downwards and does not count. */
const properties = new Set(['TSPropertySignature', 'PropertyDefinition', 'TSParameterProperty'])

function keyOf(node: Node): string {
  const isLiteral = node['type'] === 'Property' && node['kind'] === 'init'
  if (!isLiteral && !properties.has(String(node['type']))) return ''
  const key = node['key']
  return isNode(key) ? String(key['name'] ?? '') : ''
}

function kindOf(node: Node): Import['kind'] {
  if (node['type'] === 'ImportExpression') return 'later'
  if (node['type'] === 'TSImportType') return 'type'
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return 'type'
  const each = (node['specifiers'] ?? []) as readonly Node[]
  const isType = (one: Node) => one['importKind'] === 'type' || one['exportKind'] === 'type'
  return each.length > 0 && each.every(isType) ? 'type' : 'value'
}

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

/** What a node imports from; undefined if it imports nothing, or what only a run knows. */
export function specifierOf(node: Node): string | undefined {
  if (!importing.has(String(node['type']))) return undefined
  const source = node['source']
  return isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined
}

export type Node = Readonly<Record<string, unknown>>

const typeOf = (value: unknown): unknown => (isNode(value) ? value['type'] : undefined)

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** Every node, from the outside in. */
export function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see)
  if (!isNode(value)) return
  see(value)
  for (const child of Object.values(value)) visit(child, see)
}
