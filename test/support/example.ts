/**
 * `npm run example -- <name>`: runs a program of docs/examples over the package as npm would publish it. The one for Supabase gets the stand-in
 * unless SUPABASE_URL is set.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { exampleNames, installExample } from './examples.ts'
import { makeArchive } from './package-archive.ts'
import { startExampleProject } from './supabase/example.ts'

async function main(name: string): Promise<number> {
  console.error('packing the package, which takes some seconds…')
  await using stack = new AsyncDisposableStack()
  const archive = await makeArchive()
  stack.defer(archive.remove)
  const installed = await installExample(name, archive.place)
  stack.defer(installed.remove)
  const project =
    name === 'supabase' && process.env['SUPABASE_URL'] === undefined
      ? stack.use(await startExampleProject())
      : undefined
  const env = { ...process.env, ...project?.env }
  const program = spawn('npm', ['start', '--silent'], { cwd: installed.folder, env, stdio: 'inherit' })
  // Ctrl-C reaches the program too; this one waits for its end, and tidies up.
  process.on('SIGINT', () => {})
  const [code] = await once(program, 'exit')
  return code ?? 1
}

const names = await exampleNames()
const [name = ''] = process.argv.slice(2)
if (names.includes(name)) process.exitCode = await main(name)
else {
  console.error(`npm run example -- <name>, one of ${names.join(', ')}; see docs/start/examples.md`)
  process.exitCode = name === '--help' ? 0 : 2
}
