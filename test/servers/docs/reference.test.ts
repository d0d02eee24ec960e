/** The reference pages that the sources make are those of the sources of today. */
import { describe, expect, it } from 'vitest'
import { described } from './comments.ts'
import { pageOf } from './markdown.ts'
import { currentPages, tableNames } from './reference.ts'

const current = await currentPages()

describe('what the sources make of the reference', () => {
  it.each([...current.keys()])('%s is current; after a change run: npm run reference', (file) => {
    expect(pageOf(file).text).toBe(current.get(file))
  })

  it.each(tableNames)('the table %s stands on one page, and has rows', (name) => {
    const parts = [...current.values()].flatMap((text) =>
      text.split(`<!-- Made by \`npm run reference\`: ${name} -->`).slice(1),
    )
    expect(parts).toHaveLength(1)
    expect(parts[0]?.split('<!-- / -->')[0]?.match(/^\| .+/gm)?.length).toBeGreaterThan(2)
  })
})

it('a member without a comment is refused: its cell would be empty', () => {
  expect(() => described('src/engine/core/values/job-table.ts', 'export const specFields')).toThrow(
    /jobId has no comment/,
  )
})
