/** Under a Node that is too old the import of any entry says so, not its first call. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }

const root = path.resolve(import.meta.dirname, '../../..')

const entries = Object.values(manifest.exports).flatMap((entry) =>
  typeof entry === 'string' ? [] : [entry.default.replace('/dist', '').replace(/\.js$/, '.ts')],
)

/** What Node 20 lacks is taken away before anything else is loaded. */
const OLD = 'data:text/javascript,delete Promise.withResolvers'
const SAYS = `for (const entry of ${JSON.stringify(entries)})
  await import(entry).then(() => console.log(entry), (error) => console.log(error.message))`

it('every entry that is imported names the Node that is needed', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', OLD, '--input-type=module', '--eval', SAYS],
    { cwd: root },
  )
  const said = 'interlock-queue needs Node.js 22.12 or newer; install it, and start the program with it'
  expect(stdout.trim().split('\n')).toEqual(entries.map(() => said))
})
