import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import {
  circlesOfFiles,
  circlesOfRules,
  climbsOf,
  coreClimbsOf,
  importsOf,
  intrusionsOf,
  packageOf,
  type Source,
  valuesFrom,
  violationsOf,
} from './arrows.ts'
import { coreRooms, housed, internals, rules } from './rules.ts'

const root = path.resolve(import.meta.dirname, '../../..')

const sourcesIn = (...folders: readonly string[]): readonly Source[] =>
  globSync(
    folders.map((folder) => `${folder}/**/*.{ts,tsx}`),
    { cwd: root },
  ).map((file) => ({
    file: file.replaceAll(path.sep, '/'),
    text: readFileSync(path.join(root, file), 'utf8'),
  }))
const sources = sourcesIn('src', 'machines')

describe('the arrows between the parts', () => {
  it('go one way: every import is one that the rules allow', () => {
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.flatMap((source) => violationsOf(source, rules, internals))).toEqual([])
  })

  it('lead in no circle, those for types included: what two files share lies below both', () => {
    expect(circlesOfFiles([...sources, ...sourcesIn('bench', 'test')])).toEqual([])
    const circle = [
      { file: 'a/a.ts', text: "import type { B } from './b.ts'" },
      { file: 'a/b.ts', text: "export const c = () => import('../c.ts')" },
      { file: 'c.ts', text: "export { a } from './a/a.ts'" },
      { file: 'd.ts', text: "import { a } from './a/a.ts'" },
    ]
    expect(circlesOfFiles(circle)).toEqual(['a/a.ts', 'a/b.ts', 'c.ts'])
  })

  it('lead down the floors: the engine knows no tool, and a tool no app', () => {
    expect(sources.flatMap(climbsOf)).toEqual([])
  })

  it('lead back through the rooms of the core, in the order in which its index names them', () => {
    expect(sources.flatMap((source) => coreClimbsOf(source, coreRooms))).toEqual([])
    const index = sources.find(({ file }) => file === 'src/engine/core/index.ts')?.text ?? ''
    expect([...index.matchAll(/^export \* from '\.\/(\w+)\/index\.ts'$/gm)].map(([, room]) => room)).toEqual(
      coreRooms.toSorted(),
    )
    expect(index).toContain(`${coreRooms.join(', ')}.`)
  })

  it('lead from no limit to another: only the list of all limits knows them', () => {
    const folder = 'src/engine/core/needs/limits/'
    const limits = sources.filter(({ file }) => file.startsWith(folder) && !file.endsWith('/index.ts'))
    expect(limits.length).toBeGreaterThan(5)
    expect(limits.filter((limit) => importsOf(limit).some((from) => from.startsWith('./')))).toEqual([])
  })

  it('of the core begin at doors that say what the room is, what it may import, and what one reads first', () => {
    const inside = sources.filter(({ file }) => /^src\/engine\/core\/[\w-]+\//.test(file))
    expect([...new Set(inside.map(({ file }) => file.split('/')[3]))].sort()).toEqual([...coreRooms].sort())
    for (const room of coreRooms) {
      const text = sources.find(({ file }) => file === `src/engine/core/${room}/index.ts`)?.text ?? ''
      expect(text.toLowerCase(), room).toMatch(
        new RegExp(`^/\\*\\*\\n \\* ${room}: .*it may import .*begin with `, 's'),
      )
    }
  })

  it('lead into a room by its doors', () => {
    expect(sources.flatMap((source) => intrusionsOf(source, housed, internals))).toEqual([])
  })

  it('bring the sweep of the audit types and a unit from the core, and nothing that decides', () => {
    const audit = sources.filter(({ file }) => file.startsWith('src/tools/audit/'))
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
    /^src\/apps\/(cli|dashboard\/page)\/|^src\/engine\/migrate\/(bundle|database-types|sql-reference)\.ts$/
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
    expect(circlesOfRules(rules)).toEqual([])
  })

  it('would show a circle', () => {
    const pure = { packages: [], builtins: false, pure: true }
    const circle = {
      a: { ...pure, parts: ['b'] },
      b: { ...pure, parts: ['c'] },
      c: { ...pure, parts: ['a'] },
    }
    expect(circlesOfRules(circle)).toEqual(['a', 'b', 'c'])
  })

  const violations = (file: string, text: string) => violationsOf({ file, text }, rules)

  it.each([
    ['src/engine/core/a.ts', "import { z } from 'zod'", 'nothing but itself'],
    ['src/engine/core/a.ts', "import { randomUUID } from 'node:crypto'", 'nothing but itself'],
    ['src/engine/core/a.ts', "export type { Store } from '../store/index.ts'", 'nothing but itself'],
    ['src/engine/events/a.ts', "type Store = import('../store/index.ts').Store", 'core, zod'],
    ['src/engine/store/a.ts', "import 'rxjs'", 'may import core'],
    ['src/engine/coordinator/a.ts', "import pg from 'pg'", 'coordinator may import'],
    [
      'src/engine/coordinator/gate/a.ts',
      "import { b } from '../inbox/b.ts'",
      'coordinator/gate may import coordinator/base, coordinator/api, coordinator/replica',
    ],
    [
      'src/engine/coordinator/commit/a.ts',
      "import type { Member } from '../membership/member.ts'",
      'coordinator/commit may import coordinator/base, coordinator/api, coordinator/replica, core',
    ],
    [
      'src/engine/coordinator/replica/a.ts',
      "import { createCoordinator } from '../index.ts'",
      'coordinator/replica may import coordinator/base, coordinator/api, core',
    ],
    [
      'src/engine/worker/a.ts',
      "const sql = await import('../store/sql/index.ts')",
      'worker may import coordinator',
    ],
    ['src/engine/store/memory/a.ts', "import pg from 'pg'", 'store/memory may import'],
    ['src/engine/store/postgres/a.ts', "import { b } from '../pglite/b.ts'", 'store/postgres may import'],
    ['src/engine/store/memory/a.ts', "import { b } from '../../migrate/b.ts'", 'store/memory may import'],
    ['src/engine/store/sql/a.ts', "import fs from 'fs'", 'node:*'],
    [
      'src/index.ts',
      "import { startPostgres } from '../test/support/postgres.ts'",
      'anything but test and bench',
    ],
    [
      'machines/a.ts',
      "import { store } from '../src/engine/store/index.ts'",
      'machines may import core, xstate',
    ],
    ['src/tools/history/a.ts', "import { open } from 'node:fs/promises'", 'history may import'],
    ['src/tools/audit/a.ts', "import { Frame } from '../../apps/cli/frame.ts'", 'audit may import'],
    ['src/tools/operate/a.ts', "export const url = process.env['URL']", 'uses process.env'],
    ['src/novelty/a.ts', 'export {}', 'no rule for the part "novelty"'],
  ])('refuse %s: %s', (file, text, reason) => {
    const found = violations(file, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(file)
    expect(found[0]).toContain(reason)
  })

  it.each([
    ['src/apps/cli/a.ts', "import { heap } from '../../tools/history/heap.ts'", 'src/tools/history/heap.ts'],
    [
      'src/tools/operate/a.ts',
      "import { queueView } from '../../engine/coordinator/view.ts'",
      'src/engine/coordinator/view.ts',
    ],
    [
      'src/engine/worker/a.ts',
      "import { audit } from '../../tools/audit/auditor.ts'",
      'src/tools/audit/auditor.ts',
    ],
  ])('refuse %s past a door: %s', (file, text, into) => {
    expect(intrusionsOf({ file, text }, housed, internals)).toEqual([
      expect.stringContaining(`imports ${into}`),
    ])
  })

  it('refuse a climb in the core', () => {
    const text =
      "import { a } from '../line/a.ts'; import type { B } from '../state/b.ts'; import { c } from '../new/c.ts'"
    expect(coreClimbsOf({ file: 'src/engine/core/needs/a.ts', text }, coreRooms)).toEqual(
      ['line/a.ts', 'new/c.ts'].map(
        (file) =>
          `src/engine/core/needs/a.ts imports src/engine/core/${file}: needs knows only the rooms of the core before it`,
      ),
    )
  })

  it('refuse a climb from the engine to a tool', () => {
    const text = "import { audit } from '../../tools/audit/index.ts'"
    expect(climbsOf({ file: 'src/engine/worker/a.ts', text })).toEqual([
      'src/engine/worker/a.ts imports src/tools/audit/index.ts: engine stands below tools',
    ])
  })

  it('let a room lend files to others, and no other file of its depths', () => {
    const lent = (text: string) => violationsOf({ file: 'src/tools/audit/a.ts', text }, rules, internals)
    expect(lent("import { pause } from '../../engine/coordinator/base/retry.ts'")).toEqual([])
    expect(lent("import { newId } from '../../engine/coordinator/base/ids.ts'")).toHaveLength(1)
  })

  it.each([
    ['Date.now', 'export const at = Date.now()'],
    ['Math.random', 'export const pick = () => Math.random()'],
    ['new Date()', 'export const at = new Date()'],
    ['setTimeout()', 'setTimeout(() => {}, 1)'],
    ['process.env', "export const url = process.env['URL']"],
  ])('refuse %s in the core', (use, text) => {
    expect(violations('src/engine/core/a.ts', text)).toEqual([
      `src/engine/core/a.ts uses ${use}: core takes it as an argument`,
    ])
  })

  it.each([
    ['src/engine/core/a.ts', "import { b } from './b.ts'; export const day = new Date(b).getUTCDay()"],
    ['src/engine/core/a.ts', "/** import { x } from 'zod', Date.now() */; export const note = 'Date.now()'"],
    ['src/engine/store/postgres/a.ts', "import pg from 'pg'; import { b } from '../sql/index.ts'"],
    ['src/engine/store/pglite/a.ts', "import { migrate } from '../../migrate/index.ts'"],
    [
      'src/apps/cli/main.ts',
      "import { createCoordinator } from '../../index.ts'; import '../dashboard/index.ts'",
    ],
    [
      'machines/job.machine.ts',
      "import { setup } from 'xstate'\nimport { evolve } from '../src/engine/core/index.ts'",
    ],
  ])('allow %s: %s', (file, text) => {
    expect(violations(file, text)).toEqual([])
  })
})
