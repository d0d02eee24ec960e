import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { importsOf, packageOf } from './arrows.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')

const installed = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.peerDependencies,
})

/** What goes into the bundles of the command and of the page. */
const bundled = new Set(
  globSync('src/apps/{cli,dashboard/page}/**/*.{ts,tsx}', { cwd: root })
    .flatMap((file) => importsOf({ file, text: text(file) }))
    .flatMap((specifier) => packageOf(specifier) ?? [])
    .filter((name) => !installed.includes(name)),
)

/** The packages in the first column of the tables under a heading, each with its reason. */
function reasonsUnder(file: string, heading: string): ReadonlyMap<string, string> {
  const section = text(file).split(`## ${heading}`)[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| (`[^|]+)\|([^|]*)\|/gm)]
  return new Map(
    rows.flatMap(([, cell = '', reason = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']): [string, string] => [name, reason.trim()]),
    ),
  )
}

describe.each([
  ['README.md', 'Runtime dependencies', installed],
  ['docs/inside/dependencies.md', 'Bundled', [...bundled]],
])('the table of %s', (file, heading, packages) => {
  const reasons = reasonsUnder(file, heading)

  it.each(packages)('gives the reason for %s', (name) => {
    expect(reasons.get(name) ?? '').not.toBe('')
  })

  it('names no other package', () => {
    expect([...reasons.keys()].toSorted()).toEqual([...packages].toSorted())
  })
})
