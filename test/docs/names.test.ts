/** Nothing is called by a word that needs a legend. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const files = globSync('src/**/*.ts', { cwd: root })
const classes = files.flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^(?:export )?class (\w+)/gmu)].map(([, name = '']) => name)
})

/** Words that needed one, and their forms. */
const gone = /\b(pen|errands?|trouble|attention|pulse|upkeep|stubborn|stubbornly|patience|patiently|desk)\b/iu

it('no class and no module is called by a word that only its author understands', () => {
  const names = [...classes, ...files.map((file) => path.basename(file, '.ts'))]
  const words = names.map((name) => name.replace(/([a-z])([A-Z])/gu, '$1 $2').replaceAll('-', ' '))
  expect(words.filter((name) => gone.test(name))).toEqual([])
})

/** Phrases that had to be read twice. (`anew` alone is an option of the gate.) */
const readTwice =
  /\b(whoever|whom|thereof|of late|in vain|as (it|they) goe?s? on|whose sets meet|rights that lack|in nobody's way|who only looks)\b|[a-z] anew[\s.,;]/iu
const written = globSync(
  ['*.md', 'docs/**/*.md', 'src/**/*.{ts,tsx}', 'machines/*.ts', 'migrations/{functions,parts}/*.sql'],
  {
    cwd: root,
  },
).filter((file) => file !== 'CHANGELOG.md')

/** What `-t` finds tests by. */
const titles = globSync('test/**/*.test.ts', { cwd: root }).flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  const found = text.matchAll(/^ *(?:describe|it)(?:\.\w+)?\(\s*(?:'([^'\n]*)'|"([^"\n]*)"|`([^`\n]*)`)/gmu)
  return [...found].map(([, single, double, template]) => `${file}: ${single ?? double ?? template}`)
})

it('no page, message or comment has a phrase that has to be read twice', () => {
  const lines = written.flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, at) => (readTwice.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
  )
  expect(lines).toEqual([])
})

it('no title of a test has such a phrase either', () => {
  expect(titles.length).toBeGreaterThan(1_000)
  expect(titles.filter((title) => readTwice.test(title))).toEqual([])
})
