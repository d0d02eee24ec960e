/** Lists what the declaration files of some entries export, and prints each declaration that this leads to. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAst } from 'vite'
import { isNode, type Node, specifierOf, visit } from './syntax.ts'

/** Where a name is declared. */
interface Place {
  readonly file: string
  readonly name: string
}

/** A name of a package. */
interface Foreign {
  readonly from: string
  readonly name: string
}

interface Module {
  readonly text: string
  /** By name; several for overloads, and for a type and a value of one name. */
  readonly declared: Map<string, Node[]>
  readonly imported: Map<string, { readonly from: string; readonly name: string }>
  /** By the exported name: the name here. */
  readonly exported: Map<string, string>
  readonly stars: string[]
}

export class Exports {
  readonly #modules = new Map<string, Module>()
  /** By file and name. A name that two files declare has a number from the second on, in the order in which they are met. */
  readonly #labels = new Map<string, string>()
  readonly #taken = new Map<string, number>()
  readonly #open: Place[] = []
  readonly #subPaths: { readonly subPath: string; readonly names: readonly (readonly [string, string])[] }[] =
    []
  readonly #foreign = new Set<string>()

  /** @param file a declaration file: what the sub-path of the package exports */
  add(subPath: string, file: string): void {
    const names = [...this.#exportsOf(file)].toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.#subPaths.push({
      subPath,
      names: names.map(([name, place]) => [name, this.#labelOf(place)] as const),
    })
  }

  /** The names by sub-path, what comes from other packages, and each declaration that a name leads to. */
  text(): string {
    const all = new Map<string, string>()
    for (let place = this.#open.shift(); place !== undefined; place = this.#open.shift())
      all.set(this.#labelOf(place), this.#printed(place))
    const lists = this.#subPaths.map(({ subPath, names }) =>
      [subPath, ...names.map(([name, label]) => (name === label ? name : `${name}: ${label}`))].join('\n  '),
    )
    const packages = ['packages', ...[...this.#foreign].toSorted()].join('\n  ')
    const texts = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
    return `${[...lists, packages, ...texts].join('\n\n')}\n`
  }

  #labelOf(place: Place | Foreign): string {
    if ('from' in place) {
      this.#foreign.add(`${place.from} ${place.name}`)
      return place.name
    }
    const key = `${place.file} ${place.name}`
    const known = this.#labels.get(key)
    if (known !== undefined) return known
    const nth = (this.#taken.get(place.name) ?? 0) + 1
    this.#taken.set(place.name, nth)
    const label = nth === 1 ? place.name : `${place.name}_${nth}`
    this.#labels.set(key, label)
    this.#open.push(place)
    return label
  }

  #printed({ file, name }: Place): string {
    const { text, declared } = this.#moduleAt(file)
    const label = this.#labelOf({ file, name })
    const texts = (declared.get(name) ?? []).map((node) => {
      const start = at(node['id'] as Node, 'start')
      const changes = this.#changesIn(file, node)
      const said = replaced(text, node, [{ start, end: start + name.length, text: label }, ...changes])
      return node['type'] === 'VariableDeclarator' ? `const ${said}` : said.replace(/^declare /, '')
    })
    return texts.join('\n')
  }

  /** Every name in a declaration that another one of ours explains, by its label. */
  #changesIn(file: string, declaration: Node): readonly Change[] {
    const found: Change[] = []
    const name = (node: Node) => {
      const label = this.#labelHere(file, String(node['name']))
      if (label !== undefined) found.push({ start: at(node, 'start'), end: at(node, 'end'), text: label })
    }
    visit(declaration, (node) => {
      for (const used of namesUsedBy(node)) name(used)
      const from = node['type'] === 'TSImportType' ? specifierOf(node) : undefined
      const first = leftmost(node['qualifier'])
      if (from === undefined || first === undefined) return
      const to = this.#resolve(file, from, nameOf(first))
      found.push({ start: at(node, 'start'), end: at(first, 'end'), text: this.#labelOf(to) })
    })
    return found
  }

  /** Undefined for a name of the language, and for a parameter of a type. */
  #labelHere(file: string, name: string): string | undefined {
    const place = this.#placeHere(file, name)
    return place === undefined ? undefined : this.#labelOf(place)
  }

  #placeHere(file: string, name: string): Place | Foreign | undefined {
    const { declared, imported } = this.#moduleAt(file)
    if (declared.has(name)) return { file, name }
    const one = imported.get(name)
    return one === undefined ? undefined : this.#resolve(file, one.from, one.name)
  }

  #resolve(file: string, from: string, name: string): Place | Foreign {
    if (!from.startsWith('.')) return { from, name }
    const target = fileOf(file, from)
    const place = this.#exportsOf(target).get(name)
    if (place === undefined) throw new Error(`${target} exports no ${name}`)
    return place
  }

  #exportsOf(file: string): ReadonlyMap<string, Place | Foreign> {
    const { exported, stars } = this.#moduleAt(file)
    const all = new Map<string, Place | Foreign>()
    for (const from of stars)
      for (const [name, place] of this.#exportsOf(fileOf(file, from))) all.set(name, place)
    for (const [name, here] of exported) {
      const place = this.#placeHere(file, here)
      if (place === undefined) throw new Error(`${file} exports ${here}, and does not declare it`)
      all.set(name, place)
    }
    return all
  }

  #moduleAt(file: string): Module {
    const known = this.#modules.get(file)
    if (known !== undefined) return known
    const module = moduleOf(readFileSync(file, 'utf8'))
    this.#modules.set(file, module)
    return module
  }
}

const fileOf = (file: string, from: string): string =>
  path.join(path.dirname(file), from.replace(/\.[jt]s$/, '.d.ts'))

const at = (node: Node, end: 'start' | 'end'): number => Number(node[end])
const nodes = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : [])
const nameOf = (value: unknown): string => (isNode(value) ? String(value['name'] ?? value['value']) : '')

function moduleOf(text: string): Module {
  const module: Module = { text, declared: new Map(), imported: new Map(), exported: new Map(), stars: [] }
  for (const statement of nodes(parseAst(text, { lang: 'dts' }).body)) readStatement(module, statement)
  return module
}

function readStatement(module: Module, node: Node): void {
  const { imported, exported, stars } = module
  const from = specifierOf(node) ?? ''
  if (node['type'] === 'ImportDeclaration') {
    for (const each of nodes(node['specifiers']))
      imported.set(nameOf(each['local']), { from, name: importedName(each) })
    return
  }
  if (node['type'] === 'ExportAllDeclaration') return void stars.push(from)
  if (node['type'] !== 'ExportNamedDeclaration') return void declare(module, node)
  const { declaration } = node
  if (isNode(declaration)) for (const name of declare(module, declaration)) exported.set(name, name)
  for (const each of nodes(node['specifiers'])) {
    const [here, outside] = [nameOf(each['local']), nameOf(each['exported'])]
    // What is passed on has no name here: a space makes one that nothing else has.
    const name = from === '' ? here : `${from} ${here}`
    if (from !== '') imported.set(name, { from, name: here })
    exported.set(outside, name)
  }
}

const importedName = (specifier: Node): string =>
  specifier['type'] === 'ImportSpecifier' ? nameOf(specifier['imported']) : '*'

/** Notes what a statement declares; the names. */
function declare(module: Module, node: Node): readonly string[] {
  const those = node['type'] === 'VariableDeclaration' ? nodes(node['declarations']) : [node]
  return those.map((each) => {
    const name = nameOf(each['id'])
    module.declared.set(name, [...(module.declared.get(name) ?? []), each])
    return name
  })
}

/** The names that a node of a type uses, and not those that it declares. */
function namesUsedBy(node: Node): readonly Node[] {
  const used = [
    node['typeName'],
    node['exprName'],
    node['superClass'],
    node['computed'] === true && node['key'],
  ]
  const isHeritage = node['type'] === 'TSInterfaceHeritage' || node['type'] === 'TSClassImplements'
  return [...used, isHeritage && node['expression']].map(leftmost).filter((name) => name !== undefined)
}

/** `A` of `A.B.C`. */
function leftmost(value: unknown): Node | undefined {
  if (!isNode(value)) return undefined
  if (value['type'] === 'Identifier') return value
  return leftmost(value['type'] === 'MemberExpression' ? value['object'] : value['left'])
}

interface Change {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text of a node with these changes. The members of a union are in order of text: in which the compiler names them can hang on paths. */
function replaced(text: string, node: Node, changes: readonly Change[]): string {
  const unions = outermostUnions(node)
  const isInUnion = (change: Change) => unions.some((union) => isWithin(union, change))
  const sorted = unions.map((union): Change => {
    const within = nodes(union['types']).map((member) =>
      inBrackets(text, member, replaced(text, member, changes)),
    )
    const [start, end] = [at(union, 'start'), at(union, 'end')]
    const glue = text.slice(start, end).includes('\n') ? '\n    | ' : ' | '
    return { start, end, text: within.toSorted().join(glue) }
  })
  const all = [...changes.filter((change) => isWithin(node, change) && !isInUnion(change)), ...sorted]
  let result = ''
  let from = at(node, 'start')
  for (const change of all.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, change.start) + change.text
    from = change.end
  }
  return result + text.slice(from, at(node, 'end'))
}

const isWithin = (node: Node, { start, end }: Change): boolean =>
  at(node, 'start') <= start && end <= at(node, 'end')

/** A function in a union stands in brackets, which belong to no node. */
function inBrackets(text: string, node: Node, said: string): string {
  const isBefore = text.slice(0, at(node, 'start')).trimEnd().endsWith('(')
  const isBehind = text.slice(at(node, 'end')).trimStart().startsWith(')')
  return isBefore && isBehind ? `(${said})` : said
}

function outermostUnions(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(outermostUnions)
  if (!isNode(value)) return []
  if (value['type'] === 'TSUnionType') return [value]
  return Object.values(value).flatMap(outermostUnions)
}
