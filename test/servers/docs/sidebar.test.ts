/** What stands at the side of the site leads to every page. */
import { expect, it } from 'vitest'
import { linkOf, moved, type SidebarItem, sidebar, sources } from '../../../.ci/site/pages.ts'

const linksOf = ({ link, items = [] }: SidebarItem): readonly string[] => [
  ...(link === undefined ? [] : [link]),
  ...items.flatMap(linksOf),
]

it('every page stands at the side of the site, once', () => {
  const links = sidebar().flatMap(linksOf)
  // The front page is reached by its name.
  const pages = sources().filter((file) => file !== 'README.md')
  expect(pages.length).toBeGreaterThan(40)
  expect(links.toSorted()).toEqual(pages.map(linkOf).toSorted())
})

it('a page that is gone leads to one that is there', () => {
  const [old, now] = [[...moved().keys()], [...new Set(moved().values())]]
  expect(old.length).toBeGreaterThan(15)
  expect(old.filter((file) => sources().includes(`docs/${file}`))).toEqual([])
  expect(now.filter((file) => !sources().includes(file))).toEqual([])
})
