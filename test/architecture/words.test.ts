/** The code speaks the field's words: acknowledged, renewed, received, repaired. A term of its own has to be learned first. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAst } from 'vite'
import { expect, it } from 'vitest'
import { visit } from '../house/syntax.ts'

const root = path.resolve(import.meta.dirname, '../..')
const files = globSync(['src/**/*.{ts,tsx}', 'machines/*.ts'], { cwd: root })

/** Private terms that were in use, each with the word that took its place. Add one when you find it. */
const replaced: Readonly<Record<string, string>> = {
  heed: 'follow, check',
  crowd: 'full, pending',
  told: 'acknowledged, reported, received',
  mend: 'repair',
  lane: 'line, track',
  taker: 'requester',
  heard: 'received',
  hear: 'receive',
  deaf: 'gets nothing',
  ear: 'listening connection',
  mouth: 'sending connection',
  way: 'route',
}
const forms = Object.keys(replaced).flatMap((word) => [word, `${word}s`, `${word}ed`])
const terms: ReadonlySet<string> = new Set([...forms, 'crowded', 'hearing', 'ways', 'mended'])

/** Public names that programs have, and phrases that are plain English. */
const allowed: ReadonlySet<string> = new Set(['ToldDocument', 'heard$', 'underWay', 'inTheWay'])

const wordsIn = (name: string): readonly string[] =>
  name
    .replaceAll(/([a-z\d])([A-Z])/gu, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/u)

function namesIn(file: string): ReadonlySet<string> {
  const names = new Set<string>()
  const text = readFileSync(path.join(root, file), 'utf8')
  visit(parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }), ({ type, name }) => {
    if (String(type).endsWith('Identifier') && typeof name === 'string') names.add(name)
  })
  return names
}

it('no identifier has a word that only its author understands', () => {
  const found = files.flatMap((file) =>
    [...namesIn(file)]
      .filter((name) => !allowed.has(name) && wordsIn(name).some((word) => terms.has(word)))
      .map((name) => `${file}: ${name}`),
  )
  expect(found).toEqual([])
})

it('no file is called by one', () => {
  expect(files.filter((file) => wordsIn(path.basename(file)).some((word) => terms.has(word)))).toEqual([])
})
