import { describe, expect, it } from 'vitest'
import { cliPage, commandNames, currentCliPage } from './cli-page.ts'
import { type Page, pageOf, pages } from './markdown.ts'

/** Words behind `interlock` where a command is meant: in a code span, or at the start of a line of a block. */
function commandsIn({ text }: Page): readonly string[] {
  return [
    ...text.matchAll(/`(?:npx )?interlock ([a-z][a-z-]*)/g),
    ...text.matchAll(/^(?:\s*\$ )?(?:npx )?interlock ([a-z][a-z-]*)/gm),
  ].map((match) => match[1] ?? '')
}

describe('the page of the commands', () => {
  it('says what the help texts say; after a change run: node test/docs/cli-page.ts', async () => {
    expect(pageOf(cliPage).text).toBe(await currentCliPage())
  })

  it('is made of more than nothing', async () => {
    expect((await commandNames()).length).toBeGreaterThan(10)
  })
})

describe('a command that a page names', () => {
  it.each(pages.map((page) => [page.file, page] as const))('is there: %s', async (_, page) => {
    const known = new Set(await commandNames())
    expect(commandsIn(page).filter((name) => !known.has(name))).toEqual([])
  })

  it('has a row in the table of the README', async () => {
    const rows = pageOf('README.md').text.split('\n')
    const top = (await commandNames()).filter((name) => !name.includes(' '))
    expect(top.filter((name) => !rows.some((row) => row.startsWith(`| \`${name}`)))).toEqual([])
  })
})
