/** A command of several parts: all of them one after the other, or those that are named. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const bootstrap = path.join(import.meta.dirname, 'bootstrap.mjs')

/**
 * Ends the process with the code of the first program that fails.
 * @param parts by name: what is started, each as `.ci/bootstrap.mjs` takes it
 * @param others parts that run only if they are named
 */
export function runParts(parts, others = {}) {
  const all = { ...parts, ...others }
  const words = process.argv.slice(2)
  const flags = words.filter((word) => word.startsWith('-'))
  const named = words.filter((word) => !word.startsWith('-'))
  const unknown = named.find((name) => !(name in all))
  if (unknown !== undefined) {
    console.error(`there is no part "${unknown}"; there are: ${Object.keys(all).join(', ')}`)
    process.exit(2)
  }
  for (const name of named.length > 0 ? named : Object.keys(parts))
    for (const program of all[name]) start([...program, ...flags])
}

function start(program) {
  const { status, error } = spawnSync(process.execPath, [bootstrap, ...program], { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
