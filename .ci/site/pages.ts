/** The pages of the site: those of docs/, those of the root that they link to, and what stands at the side. */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export const site = import.meta.dirname
export const root = path.resolve(site, '../..')
/** Written by {@link preparePages}, read by VitePress; not in the repository. */
export const pagesFolder = path.join(site, '.pages')

/** Where the files of the project that are no pages can be read; undefined: they are named, and not linked. */
const repository: string | undefined = process.env['INTERLOCK_REPOSITORY']

/** Pages of the root, by the name that they have on the site. */
const ofRoot: ReadonlyMap<string, string> = new Map([
  ['README.md', 'index.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['SECURITY.md', 'security.md'],
  ['docs/README.md', 'all.md'],
])

const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8')

/** From the root of the repository, with slashes. */
export const sources = (): readonly string[] =>
  globSync(['*.md', 'docs/**/*.md'], { cwd: root })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => placeOf(file) !== undefined)

/** Where a file of the repository stands on the site; undefined if it is none of its pages. */
function placeOf(file: string): string | undefined {
  const known = ofRoot.get(file)
  if (known !== undefined) return known
  if (file.startsWith('docs/images/')) return file.slice('docs/'.length)
  if (!file.startsWith('docs/') || !file.endsWith('.md')) return undefined
  return file.slice('docs/'.length).replace(/README\.md$/u, 'index.md')
}

/** Writes every page to where VitePress looks. */
export function preparePages(): void {
  rmSync(pagesFolder, { recursive: true, force: true })
  for (const file of sources()) write(placeOf(file) ?? file, withLinks(file))
  for (const [old, page] of moved()) write(old, forwardTo(old, linkOf(page)))
  cpSync(path.join(root, 'docs/images'), path.join(pagesFolder, 'images'), { recursive: true })
  const mermaid = path.join(site, 'node_modules/mermaid/dist')
  for (const file of globSync(['mermaid.esm.min.mjs', 'chunks/mermaid.esm.min/*.mjs'], { cwd: mermaid }))
    cpSync(path.join(mermaid, file), path.join(pagesFolder, 'public/mermaid', file))
}

/** The pages that are gone, each with the page that has its subject now: the last table of docs/README.md. */
export function moved(): ReadonlyMap<string, string> {
  const [, table = ''] = textOf('docs/README.md').split('| was | is |')
  const rows = [...table.matchAll(/^\| `([^`]+)` \| \[[^\]]*\]\(([^)#]+)/gmu)]
  return new Map(rows.map(([, old = '', page = '']) => [old, `docs/${page}`]))
}

/** By a relative address: the site may lie below a path. */
function forwardTo(old: string, link: string): string {
  const to = path.posix.relative(path.posix.dirname(`/${old}`), link)
  const head = `head: [[meta, { http-equiv: refresh, content: "0; url=${to}" }]]`
  return `---\nsearch: false\n${head}\n---\n\n# Moved\n\n[Here](${to})\n`
}

function write(place: string, text: string): void {
  const file = path.join(pagesFolder, place)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Links to pages lead to where those stand on the site; what a page says to those who write it is left out. */
function withLinks(file: string): string {
  const from = path.posix.dirname(placeOf(file) ?? file)
  const text = textOf(file).replace(/^<!--.*?-->$/gmsu, '')
  return text.replace(
    /\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)/gu,
    (all, words: string, link: string, anchor = '') => {
      if (/^[a-z]+:/u.test(link)) return all
      const aim = path.posix.join(path.posix.dirname(file), link)
      const place = placeOf(aim)
      if (place !== undefined) return `[${words}](./${path.posix.relative(from, place)}${anchor})`
      if (!existsSync(path.join(root, aim))) return all
      return repository === undefined ? words : `[${words}](${repository}/blob/HEAD/${aim}${anchor})`
    },
  )
}

export interface SidebarItem {
  readonly text: string
  readonly link?: string
  readonly collapsed?: boolean
  readonly items?: readonly SidebarItem[]
}

/** What stands at the side: the chapters of docs/README.md, with the pages that they link to, in that order. */
export function sidebar(): readonly SidebarItem[] {
  const chapters = textOf('docs/README.md').split('\n## Moved')[0]?.split(/^## /mu).slice(1) ?? []
  const project = [...ofRoot.keys()].filter((file) => file !== 'README.md')
  return [
    ...chapters.map((text) => ({
      text: text.slice(0, text.indexOf('\n')),
      items: linkedFrom('docs/README.md', text).map(itemOf),
    })),
    { text: 'Project', items: project.map(itemOf) },
  ]
}

function linkedFrom(file: string, text: string): readonly string[] {
  const links = [...text.matchAll(/\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)/gu)].map(([, link = '']) => link)
  return [...new Set(links)].map((link) => path.posix.join(path.posix.dirname(file), link))
}

/** A page; if it is a list of pages, with them below it. */
function itemOf(file: string): SidebarItem {
  const title = /^# (.*)$/mu.exec(textOf(file))?.[1]?.replaceAll('`', '') ?? file
  const item = { text: title, link: linkOf(file) }
  if (!/^docs\/.+\/README\.md$/u.test(file)) return item
  return { ...item, collapsed: true, items: linkedFrom(file, textOf(file)).map(itemOf) }
}

/** The address of a page below the site. */
export const linkOf = (file: string): string => `/${placeOf(file)?.replace(/(?:index)?\.md$/u, '') ?? ''}`
