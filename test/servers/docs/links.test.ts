import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { manual } from '../../../src/engine/core/index.ts'
import { anchorsOf, blocksOf, linksOf, type Page, pageOf, pages, proseOf, root } from './markdown.ts'

function isDead({ file }: Page, link: string): boolean {
  const [target = '', anchor] = link.split('#')
  const aim = target === '' ? file : path.posix.join(path.posix.dirname(file), target)
  if (!existsSync(path.join(root, aim))) return true
  return anchor !== undefined && !anchorsOf(pageOf(aim)).includes(anchor)
}

/** Files of the project that a page names in backticks: they have a folder and an ending. */
function filesNamedIn(page: Page): readonly string[] {
  const named = [
    ...proseOf(page).matchAll(
      /`((?:src|test|machines|migrations|docs|bench)\/[\w./-]+\.(?:ts|sql|md|mjs))(?::\d+)?`/g,
    ),
  ]
  return named.map((match) => match[1] ?? '')
}

describe.each(pages.map((page) => [page.file, page] as const))('%s', (_, page) => {
  it('has no dead link', () => {
    expect(linksOf(page).filter((link) => isDead(page, link))).toEqual([])
  })

  it('names no file that is not there', () => {
    expect(filesNamedIn(page).filter((file) => !existsSync(path.join(root, file)))).toEqual([])
  })

  it('closes every block, and gives each a language', () => {
    expect(blocksOf(page).filter(({ info }) => info === '')).toEqual([])
  })
})

describe('what sources say of pages', () => {
  const sources = globSync(
    ['{src,machines,test,bench}/**/*.{ts,tsx}', '.ci/*.mjs', 'migrations/**/*.sql', 'docs/observability/*'],
    {
      cwd: root,
    },
  )
    .filter((file) => !file.includes('node_modules'))
    .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }))

  it('leads to a page that is there, and to a heading of it', () => {
    const dead = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/gu)]
        .filter(([link]) => isDead({ file: 'README.md', text: '' }, link))
        .map(([link]) => `${file}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('is in one table, where a message says it (manual)', () => {
    const shipped = sources.filter(
      ({ file }) => /^(?:src|migrations)\//u.test(file) && !file.endsWith('says/manual.ts'),
    )
    const known: readonly string[] = Object.values(manual)
    const other = shipped.flatMap(({ file, text }) =>
      text
        .split('\n')
        .filter((line) => !/^\s*(?:\*|\/\*|\/\/|--)/u.test(line))
        .flatMap((line) => line.match(/[\w/-]*\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/gu) ?? [])
        .filter((link) => !known.includes(link))
        .map((link) => `${file}: ${link}`),
    )
    expect(other).toEqual([])
  })
})

describe('the page of pages', () => {
  it('is the README: every page is reached from it', () => {
    const seen = new Set<string>()
    const visit = (file: string) => {
      if (seen.has(file) || !file.endsWith('.md') || !existsSync(path.join(root, file))) return
      seen.add(file)
      for (const link of linksOf(pageOf(file))) {
        visit(path.posix.join(path.posix.dirname(file), link.split('#')[0] ?? ''))
      }
    }
    visit('README.md')
    expect(pages.map(({ file }) => file).filter((file) => !seen.has(file))).toEqual([])
  })

  it.each([
    'migration guide',
    'usage and testing',
    'three scenarios',
    'summary of the implementation',
    'old hand repairs',
  ])('has the document that was asked for first: %s', (name) => {
    const lines = pageOf('docs/README.md').text.split('\n')
    expect(lines.filter((line) => line.toLowerCase().includes(name) && line.includes('.md)'))).not.toEqual([])
  })
})
