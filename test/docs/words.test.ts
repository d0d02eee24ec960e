/** How much there is to read, that a guide is one, and in which words. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, type Page, pageOf, pages, proseOf, root, wordsOf } from './markdown.ts'

const guides = pages.filter(({ file }) => file.startsWith('docs/guides/'))
/** What somebody reads who uses it. The rest is looked up, or is about how it is built. */
const read = pages.filter(
  ({ file }) =>
    (file.startsWith('docs/') && !/^docs\/(?:reference|inside)\//u.test(file)) || file === 'README.md',
)

/** What a test runs of a page: programs, and SQL or commands that are marked for it. */
const isRun = (info: string): boolean =>
  /^(?:ts|python)$|^sql (?:check|alert|cron|policy|fence)$|^sh situation$/u.test(info)

/** Its commands are run by a test of its own, or it has no program since it has only questions. */
const without = ['docs/guides/migration-guide.md', 'docs/guides/faq.md']

describe('the pages', () => {
  it('without reference and inside have 37,000 words at most', () => {
    const words = read.map(wordsOf).reduce((sum, each) => sum + each, 0)
    expect(words).toBeGreaterThan(10_000)
    expect(words).toBeLessThanOrEqual(37_000)
  })

  it('stand in a folder that says what they are for', () => {
    const others = pages.filter(
      ({ file }) => /^docs\//u.test(file) && !/^docs\/(?:start|guides|reference|inside)\//u.test(file),
    )
    expect(others.map(({ file }) => file)).toEqual(['docs/README.md', 'docs/glossary.md'])
  })
})

describe('a guide', () => {
  const named = guides.map((page) => [page.file, page] as const)

  it.each(named)('%s has 1,500 words at most', (_, page) => {
    expect(wordsOf(page)).toBeLessThanOrEqual(1_500)
  })

  it.each(named.filter(([file]) => !without.includes(file)))(
    '%s has a program that a test runs',
    (_, page) => {
      expect(blocksOf(page).filter(({ info }) => isRun(info))).not.toEqual([])
    },
  )

  /** Files of the sources, decisions with their numbers. */
  const built = ({ text }: Page) =>
    text.match(/`(?:src|test|machines|bench)\/[^`]*`|\bADR\b|decisions\//gu) ?? []
  it.each(named)('%s says nothing about how it is built', (_, page) => expect(built(page)).toEqual([]))
})

describe('the glossary', () => {
  const glossary = pages.filter(({ file }) => file === 'docs/glossary.md')

  it('has 1,500 words at most, on 40 that users meet', () => {
    expect(glossary.map(wordsOf)[0]).toBeLessThanOrEqual(1_500)
    const rows = glossary.flatMap(({ text }) => text.match(/^\| (?!word \||---).*$/gmu) ?? [])
    expect(rows).toHaveLength(40)
  })
})

describe('no page has a private word outside of code', () => {
  const words = readFileSync(path.join(root, 'test/docs/private-words.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const privateWord = new RegExp(`\\b(?:${words.join('|')})\\b`, 'giu')
  // Links and folders are names too, and what changed once is told in the words of then.
  const said = (page: Page) => proseOf(page).replace(/`[^`\n]*`|\]\([^)]*\)|[\w-]+(?:\/[\w-]+)+/gu, '')
  const told = pages.filter(({ file }) => file !== 'CHANGELOG.md')

  it.each(told.map((page) => [page.file, page] as const))('%s', (_, page) => {
    expect(said(page).match(privateWord) ?? []).toEqual([])
  })

  it('nor has the help of a command', () => {
    const help = blocksOf(pageOf('docs/reference/cli.md')).filter(({ info }) => info === 'text')
    expect(help.length).toBeGreaterThan(10)
    expect(help.flatMap(({ code }) => code.match(privateWord) ?? [])).toEqual([])
  })
})
