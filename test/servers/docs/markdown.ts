/** The pages of the documentation, and what stands in them. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../../..')

export interface Page {
  /** From the root of the project, with slashes. */
  readonly file: string
  readonly text: string
}

export const pages: readonly Page[] = globSync(
  ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/**/*.md'],
  { cwd: root },
)
  .map((file) => file.replaceAll(path.sep, '/'))
  .toSorted()
  .map(pageOf)

export function pageOf(file: string): Page {
  return { file, text: readFileSync(path.join(root, file), 'utf8') }
}

export interface Block {
  readonly file: string
  /** Of its first line of code, from 1. */
  readonly line: number
  /** What stands behind the opening fence: the language, and more. */
  readonly info: string
  readonly code: string
}

/** The fenced blocks of a page, in order. */
export function blocksOf({ file, text }: Page): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly line: number; readonly info: string; readonly code: string[] } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) open?.code.push(line)
    else if (open === undefined) open = { line: i + 2, info: fence[1] ?? '', code: [] }
    else {
      blocks.push({ file, line: open.line, info: open.info, code: `${open.code.join('\n')}\n` })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${file}: the block at line ${open.line} is not closed`)
  return blocks
}

/** A page without its fenced blocks: what people read as text. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```.*$[\s\S]*?^```$/gm, '')
}

/** Links and pictures to files of the project, and to headings. */
export function linksOf(page: Page): readonly string[] {
  const text = proseOf(page).replace(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .replace(/[`*]/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

export function anchorsOf(page: Page): readonly string[] {
  return proseOf(page)
    .split('\n')
    .flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? [])
    .map(anchorOf)
}
