/** A name of a type means one thing in the whole of `src`: who meets it in two files may think that it is the same. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../..')
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8')
// What a program writes has the names that its readers expect: those of supabase-js.
const files = globSync(['src/**/*.{ts,tsx}', 'machines/*.ts'], {
  cwd: root,
  exclude: ['src/engine/migrate/database-types.ts'],
}).filter((file) => !textOf(file).startsWith('// Made by '))

/** Public names of two sub-paths, or of the package and of its core: programs have them, so they stay. */
const ofTwo: ReadonlySet<string> = new Set([
  // The job that a handler gets, and the one in the ledger.
  'Job',
  // Why a call at the gate waits, and a wait that is over, in the figures of `interlock-queue/insight`.
  'Wait',
])

interface Declared {
  readonly exported: Set<string>
  readonly all: Set<string>
}

/** By name: the files that declare it. */
function declaredTypes(): ReadonlyMap<string, Declared> {
  const found = new Map<string, Declared>()
  const declaration = /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class) (\w+)/gmu
  for (const file of files)
    for (const [, isExported, name = ''] of textOf(file).matchAll(declaration)) {
      const one = found.get(name) ?? { exported: new Set(), all: new Set() }
      one.all.add(file)
      if (isExported !== undefined) one.exported.add(file)
      found.set(name, one)
    }
  return found
}

it('a type that a file exports has a name that no other file gives to a type', () => {
  const doubles = [...declaredTypes()].filter(
    ([name, { exported, all }]) => exported.size > 0 && all.size > 1 && !ofTwo.has(name),
  )
  expect(doubles.map(([name, { all }]) => `${name}: ${[...all].join(', ')}`)).toEqual([])
})
