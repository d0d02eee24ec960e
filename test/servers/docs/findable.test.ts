/** A reader who thinks of a function, a command or a SQL function finds its tests by `-t <name>`: its name is in a title. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { errorCodes, reasonCodes } from '../../../src/engine/core/index.ts'
import { openFunctions } from '../../../src/engine/migrate/sql-reference.ts'
import { commandNames } from './cli-page.ts'
import { root } from './markdown.ts'

// A name may also be the first argument of storeContract.
const title =
  /\b(?:describe|it|storeContract)(?:\.\w+)*(?:\([^()]*\))?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gsu
const files = globSync(['test/**/*.test.ts', 'test/servers/contract/store-contract.ts'], { cwd: root })
const titles = files.flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(title)].map(([, , words = '']) => words)
})

/** Those of the names that no title has as a word. */
function missing(names: readonly string[]): readonly string[] {
  return names.filter(
    (name) => !titles.some((words) => new RegExp(`(?<!\\w)${name}(?!\\w)`, 'u').test(words)),
  )
}

/** The functions of what the package publishes. Classes are found by what makes or throws them. */
async function functionsOf(target: string): Promise<readonly string[]> {
  const file = path.join(root, target.replace('./dist/', '').replace(/\.js$/u, '.ts'))
  const published: Readonly<Record<string, unknown>> = await import(file)
  return Object.keys(published).filter(
    (name) => typeof published[name] === 'function' && /^[a-z]/u.test(name),
  )
}

const entries = Object.entries(manifest.exports).flatMap(([, entry]) =>
  typeof entry === 'string' ? [] : [entry.default],
)

describe('a test is found by the name of', () => {
  it.each(entries)('each function that %s exports', async (target) => {
    expect(missing(await functionsOf(target))).toEqual([])
  })

  it('each error code, and each reason why a job waits', () => {
    expect(missing([...errorCodes, ...reasonCodes])).toEqual([])
  })

  it('each command', async () => {
    expect(missing((await commandNames()).map((name) => `interlock ${name}`))).toEqual([])
  })

  it('each public SQL function', () => {
    const names = openFunctions().map(({ name }) => name)
    expect(names.length).toBeGreaterThan(40)
    expect(missing(names)).toEqual([])
  })
})
