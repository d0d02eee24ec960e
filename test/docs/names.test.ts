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

/** The words of a name apart. */
const spaced = (text: string) => text.replace(/([a-z])([A-Z])/gu, '$1 $2').replace(/[-_]/gu, ' ')

/** Words that needed one, and their forms. How long a call is tried again is the patience of a process, by its flag. */
const gone =
  /\b(pens?|errands?|troubled?|attention|pulse|upkeep|strays?|stubborn|stubbornly|patiently|desks?)\b/iu

it('no class and no module is called by a word that only its author understands', () => {
  const names = [...classes, ...files.map((file) => path.basename(file, '.ts'))]
  expect(names.filter((name) => gone.test(spaced(name)))).toEqual([])
})

/** Phrases that had to be read twice. */
const readTwice =
  /\b(whoever|whom|\w*anew|thereof|of late|in vain|as (it|they) goe?s? on|whose sets meet|rights that lack|in nobody's way|who only looks|before your eyes)\b/iu
const written = globSync(
  [
    ...[
      '*.md',
      'docs/**/*.md',
      'src/**/*.{ts,tsx,css}',
      'machines/*.ts',
      'migrations/{functions,parts}/*.sql',
    ],
    ...['test/**/*.ts', 'bench/**/*.ts', '*.ts', '.ci/{*.mjs,run}', '.ci/site/*.{mjs,ts}'],
  ],
  { cwd: root, exclude: ['test/docs/names.test.ts'] },
)

/** What `-t` finds tests by. */
const titles = globSync('test/**/*.test.ts', { cwd: root }).flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  const found = text.matchAll(/^ *(?:describe|it)(?:\.\w+)?\(\s*(?:'([^'\n]*)'|"([^"\n]*)"|`([^`\n]*)`)/gmu)
  return [...found].map(([, single, double, template]) => `${file}: ${single ?? double ?? template}`)
})

it('no page, message, comment or name in the code has such a word, or a phrase that has to be read twice', () => {
  const lines = written.flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        readTwice.test(line) || gone.test(spaced(line)) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
      ),
  )
  expect(lines).toEqual([])
})

it('no title of a test has such a phrase either', () => {
  expect(titles.length).toBeGreaterThan(1_000)
  expect(titles.filter((title) => readTwice.test(title))).toEqual([])
})
