import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliPage, commandNames } from './cli-page.ts'
import { type Page, pageOf, pages } from './markdown.ts'

/** Words behind `interlock` where a command is meant: in a code span, or at the start of a line of a block. */
function commandsIn({ text }: Page): readonly string[] {
  return [
    ...text.matchAll(/`(?:npx interlock-queue|interlock) ([a-z][a-z-]*)/g),
    ...text.matchAll(/^(?:\s*\$ )?(?:npx interlock-queue|interlock) ([a-z][a-z-]*)/gm),
  ].map((match) => match[1] ?? '')
}

/** Commands with what is typed behind them: in a code span, or on a line of a block up to a comment or a pipe. */
function typedIn({ text }: Page): readonly string[] {
  const spans = [...text.matchAll(/`(?:npx interlock-queue|interlock) ([a-z][^`]*)`/g)].map(
    (match) => match[1] ?? '',
  )
  const lines = [...text.matchAll(/^(?:\s*\$ )?(?:npx interlock-queue|interlock) ([a-z][^#|\n]*)/gm)].map(
    (match) => match[1] ?? '',
  )
  return [...spans, ...lines]
}

const everywhere = ['--url', '--schema', '--queue', '--json', '--verbose', '--by', '--as', '--help']

/** The flags of what was typed that the help of its command, or of one under it, does not know. */
function unknownFlags(typed: string, helps: ReadonlyMap<string, string>): readonly string[] {
  const [name = '', second = ''] = typed.split(/\s+/)
  const help = `${helps.get(name) ?? ''}${helps.get(`${name} ${second}`) ?? ''}`
  const flags = [...typed.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag)
  return flags.filter(
    (flag) => !everywhere.includes(flag) && !help.includes(`${flag} `) && !help.includes(`${flag}\n`),
  )
}

describe('the page of the commands', () => {
  it('is made of more than nothing', async () => {
    expect((await commandNames()).length).toBeGreaterThan(10)
  })
})

describe('a command that a page names', () => {
  it.each(pages.map((page) => [page.file, page] as const))('is there: %s', async (_, page) => {
    const known = new Set(await commandNames())
    expect(commandsIn(page).filter((name) => !known.has(name))).toEqual([])
  })

  it.each(pages.map((page) => [page.file, page] as const))('has the flags that are typed: %s', (_, page) => {
    const helps = new Map(
      pageOf(cliPage)
        .text.split(/^### /m)
        .map((part) => [part.slice(0, part.indexOf('\n')), part]),
    )
    const wrong = typedIn(page).flatMap((typed) =>
      unknownFlags(typed, helps).map((flag) => `interlock ${typed.trim()}: ${flag}`),
    )
    expect(wrong).toEqual([])
  })

  it('has a row in the table of all commands', async () => {
    const rows = pageOf(cliPage).text.split('\n')
    const top = (await commandNames()).filter((name) => !name.includes(' '))
    expect(top.filter((name) => !rows.some((row) => row.startsWith(`| [\`${name}`)))).toEqual([])
  })
})

/** `npx interlock` installs and runs another package where this one is not installed. */
describe('a command that is typed with npx', () => {
  const root = path.resolve(import.meta.dirname, '../../..')
  const files = globSync(['src/**/*.{ts,tsx}', 'migrations/**/*.sql', '*.md', 'docs/**/*.md'], { cwd: root })

  it('names this package, on every page and in every message', () => {
    expect(files.length).toBeGreaterThan(500)
    const others = files.filter((file) =>
      /\bnpx (?:-\S+ )*interlock(?![\w-])/.test(readFileSync(path.join(root, file), 'utf8')),
    )
    expect(others).toEqual([])
  })

  it('is what a message tells somebody to type next', async () => {
    const next = new RegExp(`(?:: |run \\\\?\`)interlock (?:${(await commandNames()).join('|')})\\b`)
    const short = globSync('src/**/*.{ts,tsx}', { cwd: root }).flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line) && !/completion/.test(file) && next.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
    expect(short).toEqual([])
  })

  it('is what SQL tells somebody to type, who may have no Interlock at all', async () => {
    const command = new RegExp(`(?<!npx )\\binterlock (?:${(await commandNames()).join('|')})\\b`)
    const short = globSync('migrations/{functions,parts}/*.sql', { cwd: root }).flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        .filter((line) => !line.trimStart().startsWith('--') && command.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
    expect(short).toEqual([])
  })

  it('is what a block of a page says: nothing is typed by the short name, which needs a global install', () => {
    const short = pages
      .filter(({ file }) => file !== cliPage)
      .flatMap(({ file, text }) =>
        [...text.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
          [...block.matchAll(/^(?:\$ )?interlock .*/gm)].map(([line]) => `${file}: ${line}`),
        ),
      )
    expect(short).toEqual([])
  })
})
