/** Compiles what is published into dist/, from nothing: a file that was renamed must not stay in the package. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'

const root = new URL('..', import.meta.url)
fs.rmSync(new URL('dist', root), { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(tsc.status ?? 1)
