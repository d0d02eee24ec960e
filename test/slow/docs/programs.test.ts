// Slow, 25 s: runs the five programs of docs/examples with the packed package.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf, pageOf, root } from '../../servers/docs/markdown.ts'
import { startMigrated } from '../../servers/supabase/support.ts'
import { compile } from '../../support/compiler.ts'
import { exampleNames, installExample } from '../../support/examples.ts'
import { madeOnce } from '../../support/once.ts'
import { exampleVariables, policies } from '../../support/supabase/example.ts'

const page = pageOf('docs/start/examples.md')
const names = await exampleNames()

const ends: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

/** What the page says that it prints: the block below its heading. */
function printedOf(name: string): string | undefined {
  const from = page.text.slice(0, page.text.indexOf(`\n## ${name}\n`)).split('\n').length
  return blocksOf(page).find(({ info, line }) => info === 'text printed' && line > from)?.code
}

async function variables(name: string): Promise<Readonly<Record<string, string>>> {
  if (name !== 'supabase') return {}
  const project = await startMigrated(policies())
  ends.push(project.close)
  return exampleVariables(project)
}

describe('the programs of docs/examples', () => {
  it('are each on the page', () => {
    const headings = [...page.text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings.toSorted()).toEqual(names)
  })

  it.each(names)('%s compiles, and prints what the page says', async (name) => {
    const installed = await installExample(name, await madeOnce('package'))
    ends.push(installed.remove)
    await installed.add('@types/node')
    const config = path.join(installed.folder, 'tsconfig.json')
    const settings = { extends: path.join(root, 'tsconfig.json'), include: ['main.ts'] }
    await writeFile(config, JSON.stringify(settings))
    expect(await compile(config, installed.folder)).toBe('')
    const env = { ...process.env, ...(await variables(name)) }
    const { stdout } = await promisify(execFile)('npm', ['start', '--silent'], { cwd: installed.folder, env })
    expect(stdout).toBe(printedOf(name))
  })
})
