import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { importsOf, packageOf } from './arrows.ts'

const root = path.resolve(import.meta.dirname, '../..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')

const installed = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.peerDependencies,
})

/** What goes into the bundles of the command and of the page. */
const bundled = new Set(
  globSync('src/apps/{cli,dev,dashboard/page}/**/*.{ts,tsx}', { cwd: root })
    .flatMap((file) => importsOf({ file, text: text(file) }))
    .flatMap((specifier) => packageOf(specifier) ?? [])
    .filter((name) => !installed.includes(name)),
)

describe("the README's tables of runtime dependencies", () => {
  const rows = text('README.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))

  it.each([...installed, ...bundled])('gives the reason for %s', (name) => {
    const [, , reason = ''] = rows.find((line) => line.includes(`\`${name}\``))?.split('|') ?? []
    expect(reason.trim()).not.toBe('')
  })

  it('name no package that is neither installed nor bundled', () => {
    const section = text('README.md').split('## Runtime dependencies')[1]?.split('\n## ')[0] ?? ''
    const named = [...section.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    )
    expect(named.toSorted()).toEqual([...installed, ...bundled].toSorted())
  })
})
