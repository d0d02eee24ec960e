/** A store that is closed keeps no process alive, also in a runtime whose hooks see no timers, as Bun's do not. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const room = pathToFileURL(
  path.resolve(import.meta.dirname, '../../../src/engine/store/supabase/index.ts'),
).href

/** The driver sets its timer of 10 s whether or not it was ever connected, so nobody has to answer. */
const program = `
import hooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const seesNothing = { enable: () => seesNothing, disable: () => seesNothing }
hooks.createHook = () => seesNothing
syncBuiltinESMExports()
const given = globalThis.setTimeout
const { projectStore } = await import(${JSON.stringify(room)})
const store = projectStore('http://127.0.0.1:9', 'a-key')
await store.close()
const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')
console.log(JSON.stringify({ timers, isGivenBack: globalThis.setTimeout === given }))
`

it('leaves no timer behind, and the setTimeout that it found', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    '--input-type=module',
    '--eval',
    program,
  ])
  expect(JSON.parse(stdout)).toEqual({ timers: [], isGivenBack: true })
})
