/** Every word of the core that others meet is explained: in the glossary, or on the page that is about it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  bounds,
  defaultPolicy,
  emptySetRules,
  errorCodes,
  eventTypes,
  failureCodes,
  jobTypes,
  policyFields,
  reasonCodes,
  requeueReasons,
  specDefaults,
} from '../../../src/engine/core/index.ts'
import { interlockTables } from '../../../src/engine/migrate/version.ts'
import { pageOf } from './markdown.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const events = pageOf('docs/reference/events.md').text
const errors = pageOf('docs/reference/errors.md').text
const names = pageOf('docs/inside/names.md').text
const settings = pageOf('docs/reference/settings.md').text
const conflictRules = pageOf('docs/inside/conflict-rules.md').text

/** The first cells of the table rows under a heading, without backticks. */
function termsUnder(text: string, heading: string): readonly string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return section.split('\n').flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? [])
}

describe('the reference', () => {
  it.each([
    ['Events', events, eventTypes],
    ['Error codes', errors, errorCodes],
    ['Failure codes', errors, failureCodes],
    ['Requeue reasons', events, requeueReasons],
    ['Reason codes', events, reasonCodes],
    ['Tables', names, interlockTables],
  ] as const)('has under "%s" exactly what the code has', (heading, page, inCode) => {
    expect(termsUnder(page, heading).toSorted()).toEqual([...inCode].toSorted())
  })

  it.each([...jobTypes, ...Object.keys(specDefaults)])('names %s', (name) => {
    expect(settings).toContain(`\`${name}\``)
  })

  it('says the bounds', () => {
    for (const bound of [bounds.idLength, bounds.models, bounds.priority, bounds.attempts]) {
      expect(settings).toContain(bound.toLocaleString('en'))
    }
  })
})

describe('the conflict rules', () => {
  it('leave the reason codes to the events, which list them in the order of precedence', () => {
    expect(conflictRules).toContain('](../reference/events.md#reason-codes)')
    expect(termsUnder(events, 'Reason codes')).toEqual([...reasonCodes])
  })

  it.each(emptySetRules)('say what emptySet %s does', (rule) => {
    expect(conflictRules).toContain(`\`${rule}\``)
  })
})

describe('the settings', () => {
  const read = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/\benv\['([A-Z_]+)'\]/g)].map(
      ([, name = '']) => name,
    ),
  )

  it.each([...new Set(read)])('name the environment variable %s', (name) => {
    expect(settings).toContain(name)
  })

  it('list every field of the policy with its default', () => {
    const [, policy = ''] = settings.split('## The policy of a queue')
    const fields = termsUnder(settings, 'The policy of a queue')
    expect(fields.toSorted()).toEqual(Object.keys(policyFields).toSorted())
    for (const field of Object.keys(policyFields)) {
      const value = (defaultPolicy as Readonly<Record<string, unknown>>)[field]
      const row = policy.split('\n').find((line) => line.startsWith(`| \`${field}\` |`)) ?? ''
      const said = value === undefined ? '—' : `\`${JSON.stringify(value).replaceAll('"', "'")}\``
      expect(row.split('|')[2]?.trim()).toBe(said)
    }
  })
})
