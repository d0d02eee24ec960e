import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import {
  circlesIn,
  importsOf,
  intrusionsOf,
  packageOf,
  type Source,
  valuesFrom,
  violationsOf,
} from './arrows.ts'
import { doors, housed, rules } from './rules.ts'

const root = path.resolve(import.meta.dirname, '../..')

const sources: readonly Source[] = globSync(['src/**/*.{ts,tsx}', 'machines/**/*.ts'], { cwd: root }).map(
  (file) => ({
    file: file.replaceAll(path.sep, '/'),
    text: readFileSync(path.join(root, file), 'utf8'),
  }),
)

describe('the arrows between the parts', () => {
  it('go one way: every import is one that the rules allow', () => {
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.flatMap((source) => violationsOf(source, rules))).toEqual([])
  })

  it('lead into a room by its doors', () => {
    expect(sources.flatMap((source) => intrusionsOf(source, housed, doors))).toEqual([])
  })

  it('bring the sweep of the audit types and a unit from the core, and nothing that decides', () => {
    const audit = sources.filter(({ file }) => file.startsWith('src/audit/'))
    expect(audit.length).toBeGreaterThan(10)
    expect([...new Set(audit.flatMap((source) => valuesFrom(source, 'core/index.ts')))]).toEqual([
      'MICROS_PER_MS',
    ])
  })

  const installed = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  }
  /** What is bundled into the command (.ci/bundle-command.mjs) and the page (.ci/build-page.mjs), and what only writes generated files, which is not published. */
  const unpublished =
    /^src\/(cli|dev|dashboard\/page)\/|^src\/migrate\/(bundle|database-types|sql-reference)\.ts$/
  const packagesOf = (some: readonly Source[]) =>
    new Set(some.flatMap(importsOf).flatMap((specifier) => packageOf(specifier) ?? []))

  it('leave the library only for what it asks npm to install', () => {
    const library = sources.filter(({ file }) => !unpublished.test(file))
    expect([...packagesOf(library)].filter((name) => !(name in installed))).toEqual([])
  })

  it('ask npm to install nothing that only the command needs', () => {
    const library = packagesOf(sources.filter(({ file }) => !unpublished.test(file)))
    expect(Object.keys(installed).filter((name) => !library.has(name))).toEqual([])
  })

  it('leave the command for nothing that is not there when it is bundled', () => {
    const there = { ...installed, ...manifest.devDependencies }
    expect([...packagesOf(sources)].filter((name) => !(name in there))).toEqual([])
  })
})

describe('the rules', () => {
  it('have no circle', () => {
    expect(circlesIn(rules)).toEqual([])
  })

  it('would show a circle', () => {
    const pure = { packages: [], builtins: false, pure: true }
    const circle = {
      a: { ...pure, parts: ['b'] },
      b: { ...pure, parts: ['c'] },
      c: { ...pure, parts: ['a'] },
    }
    expect(circlesIn(circle)).toEqual(['a', 'b', 'c'])
  })

  const violations = (file: string, text: string) => violationsOf({ file, text }, rules)

  it.each([
    ['src/core/a.ts', "import { z } from 'zod'", 'nothing but itself'],
    ['src/core/a.ts', "import { randomUUID } from 'node:crypto'", 'nothing but itself'],
    ['src/core/a.ts', "export type { Store } from '../port/index.ts'", 'nothing but itself'],
    ['src/codec/a.ts', "type Store = import('../port/index.ts').Store", 'core, zod'],
    ['src/port/a.ts', "import 'rxjs'", 'may import core'],
    ['src/coordinator/a.ts', "import pg from 'pg'", 'coordinator may import'],
    [
      'src/coordinator/gate/a.ts',
      "import { b } from '../inbox/b.ts'",
      'coordinator/gate may import coordinator/base, coordinator/api, coordinator/replica',
    ],
    [
      'src/coordinator/commit/a.ts',
      "import type { Member } from '../membership/member.ts'",
      'coordinator/commit may import coordinator/base, coordinator/api, coordinator/replica, core',
    ],
    [
      'src/coordinator/replica/a.ts',
      "import { createCoordinator } from '../index.ts'",
      'coordinator/replica may import coordinator/base, coordinator/api, core',
    ],
    [
      'src/worker/a.ts',
      "const sql = await import('../adapter/sql/index.ts')",
      'worker may import coordinator',
    ],
    ['src/adapter/memory/a.ts', "import pg from 'pg'", 'adapter/memory may import'],
    ['src/adapter/postgres/a.ts', "import { b } from '../pglite/b.ts'", 'adapter/postgres may import'],
    ['src/adapter/memory/a.ts', "import { b } from '../../migrate/b.ts'", 'adapter/memory may import'],
    ['src/adapter/sql/a.ts', "import fs from 'fs'", 'node:*'],
    [
      'src/index.ts',
      "import { startPostgres } from '../test/support/postgres.ts'",
      'anything but test and bench',
    ],
    ['machines/a.ts', "import { store } from '../src/port/index.ts'", 'machines may import core, xstate'],
    ['src/history/a.ts', "import { open } from 'node:fs/promises'", 'history may import'],
    ['src/audit/a.ts', "import { Frame } from '../cli/frame.ts'", 'audit may import'],
    ['src/operate/a.ts', "export const url = process.env['URL']", 'uses process.env'],
    ['src/novelty/a.ts', 'export {}', 'no rule for the part "novelty"'],
  ])('refuse %s: %s', (file, text, reason) => {
    const found = violations(file, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(file)
    expect(found[0]).toContain(reason)
  })

  it.each([
    ['src/cli/a.ts', "import { fold } from '../history/fold.ts'", 'src/history/fold.ts'],
    ['src/operate/a.ts', "import { queueView } from '../coordinator/view.ts'", 'src/coordinator/view.ts'],
    ['src/worker/a.ts', "import { audit } from '../audit/auditor.ts'", 'src/audit/auditor.ts'],
  ])('refuse %s past a door: %s', (file, text, into) => {
    expect(intrusionsOf({ file, text }, housed, doors)).toEqual([expect.stringContaining(`imports ${into}`)])
  })

  it.each([
    ['Date.now', 'export const at = Date.now()'],
    ['Math.random', 'export const pick = () => Math.random()'],
    ['new Date()', 'export const at = new Date()'],
    ['setTimeout()', 'setTimeout(() => {}, 1)'],
    ['process.env', "export const url = process.env['URL']"],
  ])('refuse %s in the core', (use, text) => {
    expect(violations('src/core/a.ts', text)).toEqual([
      `src/core/a.ts uses ${use}: core takes it as an argument`,
    ])
  })

  it.each([
    ['src/core/a.ts', "import { b } from './b.ts'; export const day = new Date(b).getUTCDay()"],
    ['src/core/a.ts', "/** import { x } from 'zod', Date.now() */; export const note = 'Date.now()'"],
    ['src/adapter/postgres/a.ts', "import pg from 'pg'; import { b } from '../sql/index.ts'"],
    ['src/adapter/pglite/a.ts', "import { migrate } from '../../migrate/index.ts'"],
    ['src/cli/main.ts', "import { createCoordinator } from '../index.ts'; import '../dev/index.ts'"],
    [
      'machines/job.machine.ts',
      "import { setup } from 'xstate'\nimport { evolve } from '../src/core/index.ts'",
    ],
  ])('allow %s: %s', (file, text) => {
    expect(violations(file, text)).toEqual([])
  })
})
