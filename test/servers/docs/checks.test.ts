/** The list of what can be wrong: the page shows each row of the data. */
import { expect, it } from 'vitest'
import { type Check, checkIds, checks } from '../../../src/engine/core/index.ts'
import { pageOf } from './markdown.ts'

const page = pageOf('docs/reference/alerts.md').text
const cell = (text: string) => text.replaceAll(/<[^>]+>/g, (name) => `\`${name}\``)

it.each(checkIds)('the page has %s as the list has it', (id) => {
  const { level, afterSeconds, what, remedy }: Check = checks[id]
  const when = afterSeconds === 0 ? 'at once' : `${afterSeconds} s`
  expect(page).toContain(`| \`${id}\` | ${level} | ${when} | ${what} | ${cell(remedy)} |`)
})
