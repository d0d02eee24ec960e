/** Reads what a source file imports and does, and holds it against the rules: which part may know which. */
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { parseAst } from 'vitest/node'

export interface Rule {
  /** Parts of this repository it may import besides itself; `any` for a composition root. */
  readonly parts: readonly string[] | 'any'
  /** npm packages it may import; `any` for a composition root. */
  readonly packages: readonly string[] | 'any'
  readonly builtins: boolean
  /** The same input must always give the same result: neither clock nor chance nor input and output. */
  readonly pure: boolean
  /** Knows neither the process that it runs in nor its terminal: no `process`, no `console`. */
  readonly quiet?: true
}

export type Rules = Readonly<Record<string, Rule>>

export interface Source {
  /** From the top of the repository, with `/`. */
  readonly file: string
  readonly text: string
}

/** `src` is a house of three floors: each may import itself and those before it. */
const floors: readonly string[] = ['engine', 'tools', 'apps']

/** The part of the repository that a file belongs to: `core`, `store/postgres`, `coordinator/gate`, `machines`, `test`, … */
function partOf(file: string): string {
  const [top = '', ...below] = file.split('/')
  if (top !== 'src') return top
  const inside = floors.includes(below[0] ?? '') ? below.slice(1) : below
  const isDeep =
    (inside[0] === 'store' && inside.length > 2) ||
    (inside[0] === 'history' && inside[1] === 'files') ||
    (inside[0] === 'dashboard' && inside[1] === 'page') ||
    (inside[0] === 'coordinator' && inside.length > 2)
  return inside
    .slice(0, isDeep ? 2 : 1)
    .join('/')
    .replace(/\.tsx?$/, '')
}

const astOf = ({ file, text }: Source) => parseAst(text, { lang: file.endsWith('.tsx') ? 'tsx' : 'ts' })

/** Every specifier, of types too: who needs a type knows its owner. */
export function importsOf(source: Source): string[] {
  const found: string[] = []
  visit(astOf(source), (node) => {
    const from = isNode(node['source']) && importing.has(String(node['type'])) ? node['source'] : undefined
    if (typeof from?.['value'] === 'string') found.push(from['value'])
  })
  return found
}

/** What a file does that makes its result depend on more than its input. */
function impuritiesOf(source: Source): string[] {
  const found: string[] = []
  visit(astOf(source), (node) => {
    const use = impureUse(node)
    if (use !== undefined) found.push(use)
  })
  return found
}

/** By room: the files inside it that others in this repository use. */
export type Internals = Readonly<Record<string, readonly string[]>>

/** The room that lets others have this file, if one does. */
function lentBy(file: string, internals: Internals): string | undefined {
  const name = file.replace(/^src\/(?:engine|tools|apps)\//, '')
  return Object.keys(internals).find((room) =>
    internals[room]?.some((inside) => `${room}/${inside}` === name),
  )
}

/** One sentence for each arrow that points the wrong way; none if all is well. */
export function violationsOf(source: Source, rules: Rules, internals: Internals = {}): string[] {
  const part = partOf(source.file)
  const rule = rules[part]
  if (rule === undefined) return [`${source.file}: there is no rule for the part "${part}": add one`]
  const arrows = importsOf(source)
    .filter((specifier) => !mayImport(rule, part, source.file, specifier, internals))
    .map((specifier) => `${source.file} imports "${specifier}": ${part} may import ${describeRule(rule)}`)
  const impurities = rule.pure ? impuritiesOf(source) : rule.quiet === true ? noisesOf(source) : []
  return [
    ...arrows,
    ...impurities.map((use) => `${source.file} uses ${use}: ${part} takes it as an argument`),
  ]
}

/** One sentence for each import that goes past the door of another part, into what that part keeps to itself. */
export function intrusionsOf(source: Source, housed: readonly string[], internals: Internals): string[] {
  const part = partOf(source.file)
  return importsOf(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.join(path.posix.dirname(source.file), specifier))
    .filter((file) => {
      const target = partOf(file)
      if (target === part || !file.startsWith('src/')) return false
      if (!housed.includes(part) && !housed.includes(target)) return false
      return !file.endsWith(`/${target}/index.ts`) && lentBy(file, internals) === undefined
    })
    .map(
      (file) =>
        `${source.file} imports ${file}: others enter ${partOf(file)} by its index.ts, or by what rules.ts lists`,
    )
}

/** One sentence for each import that leads up a floor: the engine knows no tool, and a tool no app. */
export function climbsOf(source: Source): string[] {
  const floorOf = (file: string) => floors.indexOf(/^src\/(\w+)\//.exec(file)?.[1] ?? '')
  const floor = floorOf(source.file)
  if (floor < 0) return []
  return importsOf(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.join(path.posix.dirname(source.file), specifier))
    .filter((file) => floorOf(file) > floor)
    .map((file) => `${source.file} imports ${file}: ${floors[floor]} stands below ${floors[floorOf(file)]}`)
}

/** One sentence for each import of the core that leads into a later of its rooms, or into one that is not listed. */
export function coreClimbsOf(source: Source, rooms: readonly string[]): string[] {
  const roomOf = (file: string) => /^src\/engine\/core\/([\w-]+)\//.exec(file)?.[1]
  const room = roomOf(source.file)
  if (room === undefined) return []
  return importsOf(source)
    .map((specifier) => path.posix.join(path.posix.dirname(source.file), specifier))
    .filter((file) => file.startsWith('src/engine/core/'))
    .filter((file) => {
      const target = rooms.indexOf(roomOf(file) ?? '')
      return target < 0 || target > rooms.indexOf(room)
    })
    .map((file) => `${source.file} imports ${file}: ${room} knows only the rooms of the core before it`)
}

/** Values (types are none) that a file imports from a module whose specifier ends so. */
export function valuesFrom(source: Source, ending: string): string[] {
  const found: string[] = []
  visit(astOf(source), (node) => {
    if (node['type'] !== 'ImportDeclaration' || node['importKind'] === 'type') return
    if (!isNode(node['source']) || !String(node['source']['value']).endsWith(ending)) return
    for (const each of node['specifiers'] as readonly Node[])
      if (each['importKind'] !== 'type') found.push(nameOf(each['local']))
  })
  return found
}

/** Where a file touches the process that it runs in. */
function noisesOf(source: Source): string[] {
  const found: string[] = []
  visit(astOf(source), (node) => {
    if (node['type'] !== 'MemberExpression') return
    const object = nameOf(node['object'])
    if (object === 'process' || object === 'console') found.push(`${object}.${nameOf(node['property'])}`)
  })
  return found
}

/** Parts that lead back to themselves through others, by what each may import; none if all arrows go one way. */
export const circlesOfRules = (rules: Rules): string[] =>
  circlesIn(
    new Map(
      Object.entries(rules).map(([part, { parts }]) => [
        part,
        parts === 'any' ? [] : parts.filter((next) => next !== part),
      ]),
    ),
  )

/** Files that lead back to themselves through others, by imports of any sort: of types, and those when they are needed. */
export function circlesOfFiles(sources: readonly Source[]): string[] {
  const arrows = sources.map((source) => {
    const folder = path.posix.dirname(source.file)
    return [source.file, importsOf(source).map((specifier) => path.posix.join(folder, specifier))] as const
  })
  return circlesIn(new Map(arrows))
}

function circlesIn(arrows: ReadonlyMap<string, readonly string[]>): string[] {
  const leadsBack = (one: string): boolean => {
    const seen = new Set<string>()
    const open = [...(arrows.get(one) ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      open.push(...(arrows.get(next) ?? []))
    }
    return seen.has(one)
  }
  return [...arrows.keys()].filter(leadsBack)
}

/** The npm package a specifier names, or undefined for a file and for a module of Node's. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function mayImport(rule: Rule, part: string, file: string, specifier: string, internals: Internals): boolean {
  if (isBuiltin(specifier)) return rule.builtins && specifier.startsWith('node:')
  const name = packageOf(specifier)
  if (name !== undefined) return rule.packages === 'any' || rule.packages.includes(name)
  const imported = path.posix.join(path.posix.dirname(file), specifier)
  const target = partOf(imported)
  if (target === part) return true
  // Neither is published, so whatever is cannot lean on them.
  if (target === 'test' || target === 'bench') return false
  if (rule.parts === 'any' || rule.parts.includes(target)) return true
  return rule.parts.includes(lentBy(imported, internals) ?? '')
}

function describeRule({ parts, packages, builtins }: Rule): string {
  if (parts === 'any') return 'anything but test and bench'
  const allowed = [...parts, ...packages, ...(builtins ? ['node:*'] : [])]
  return allowed.length === 0 ? 'nothing but itself' : allowed.join(', ')
}

type Node = Readonly<Record<string, unknown>>

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

const impureObjects = new Set(['performance', 'crypto', 'process', 'globalThis', 'console', 'Temporal'])
const impureMembers = new Set(['Date.now', 'Math.random'])
const impureCalls = new Set(['Date', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])

function impureUse(node: Node): string | undefined {
  if (node['type'] === 'MemberExpression') {
    const object = nameOf(node['object'])
    const member = `${object}.${nameOf(node['property'])}`
    return impureMembers.has(member) || impureObjects.has(object) ? member : undefined
  }
  const callee = nameOf(node['callee'])
  if (node['type'] === 'CallExpression') return impureCalls.has(callee) ? `${callee}()` : undefined
  const withoutArguments = Array.isArray(node['arguments']) && node['arguments'].length === 0
  return node['type'] === 'NewExpression' && callee === 'Date' && withoutArguments ? 'new Date()' : undefined
}

function nameOf(node: unknown): string {
  return isNode(node) && node['type'] === 'Identifier' ? String(node['name']) : ''
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see)
  if (!isNode(value)) return
  see(value)
  for (const child of Object.values(value)) visit(child, see)
}
