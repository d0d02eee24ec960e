/** What stands at the side of the site leads to every page. */
import { expect, it } from 'vitest'
import { linkOf, type SidebarItem, sidebar, sources } from '../../../.ci/site/pages.ts'

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
