/** `npm run count [-- folder of a checkout …]`: how many files and lines the several writers take; this tree unless given. */
import path from 'node:path'
import { countsOf, severalWriters } from './count.ts'

const [...trees] = process.argv.slice(2)
for (const tree of trees.length > 0 ? trees : [path.resolve(import.meta.dirname, '../..')]) {
  const counts = countsOf(tree, severalWriters)
  const sum = (of: 'files' | 'lines') => counts.reduce((total, count) => total + count[of], 0)
  console.log(tree)
  console.table([...counts, { what: 'together', files: sum('files'), lines: sum('lines') }])
}
