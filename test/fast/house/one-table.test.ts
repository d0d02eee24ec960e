/** A job is described once: a field that has no effect on when a job starts is named in its table, and else only where somebody shows how to use it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readSources, root } from './tree.ts'

/** A word of regular expressions and of robots, too. */
const others = ['src/apps/dashboard/guard/headers.ts', 'src/engine/migrate/plain-sql.ts']

it('a field without an effect is named in one table', () => {
  const written = readSources().filter(({ isGenerated }) => !isGenerated)
  const sql = globSync('migrations/{parts,functions}/*.sql', { cwd: root })
  const files = [
    ...written,
    ...sql.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') })),
  ]
  const naming = files.filter(({ text }) => /\btag\b/.test(text)).map(({ file }) => file)
  expect(naming.filter((file) => !others.includes(file))).toEqual([
    // In an example of the help, and what stands in an empty field of the page.
    'src/apps/cli/command/delete.ts',
    'src/apps/dashboard/page/screen/list/list.tsx',
    'src/engine/core/values/job-table.ts',
    // In comments.
    'src/tools/operate/find-jobs.ts',
    'src/tools/operate/jobs.ts',
    'src/tools/operate/preview-change.ts',
  ])
})
