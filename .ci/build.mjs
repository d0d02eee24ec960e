/** Compiles what is published into dist/, from nothing: a file that was renamed must not stay in the package. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { writeCommonJsTypes } from './commonjs-types.mjs'

const root = new URL('..', import.meta.url)
const dist = new URL('dist', root)
fs.rmSync(dist, { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
await writeCommonJsTypes(dist)
