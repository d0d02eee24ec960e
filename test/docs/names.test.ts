/** A class is named as the glossary says, so that a name met in the code can be looked up. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const [, section = ''] = readFileSync(path.join(root, 'docs/glossary.md'), 'utf8').split(
  '## Names in the code',
)
const rows =
  section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `')) ?? []
const named = rows.flatMap((row) => row.split('|')[1]?.match(/\w+/gu) ?? [])

const files = globSync('src/{coordinator,worker,workflow,process}/**/*.ts', { cwd: root })
const classes = files.flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^(?:export )?class (\w+)/gmu)].map(([, name = '']) => name)
})

it('the glossary names each class of the coordinator and of the workers, and none that is gone', () => {
  expect(classes.length).toBeGreaterThan(40)
  expect([...named].sort()).toEqual([...classes].sort())
})

/** Words that needed a legend, and their forms. */
const gone = /\b(pen|errands?|trouble|attention|pulse|upkeep|stubborn|stubbornly|patience|patiently|desk)\b/iu

it('no module is called by a word that only its author understands', () => {
  const names = [...classes, ...files.map((file) => path.basename(file, '.ts'))]
  const words = names.map((name) => name.replace(/([a-z])([A-Z])/gu, '$1 $2').replaceAll('-', ' '))
  expect(words.filter((name) => gone.test(name))).toEqual([])
})
