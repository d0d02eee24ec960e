import { expect, it } from 'vitest'
import setup from './run-global.ts'

/** The npm scripts name a folder for what is compiled; that must not keep the temporary files on the disk. */
it('temporary files have their place in a run of the npm scripts too, and what is given stays', () => {
  const env = { TMPDIR: undefined as string | undefined, NODE_COMPILE_CACHE: '/a' }
  expect(setup(undefined, env)).toBeUndefined()
  expect(env.TMPDIR).toMatch(/^\//)
  const given = { TMPDIR: '/b', NODE_COMPILE_CACHE: '/a' }
  setup(undefined, given)
  expect(given).toEqual({ TMPDIR: '/b', NODE_COMPILE_CACHE: '/a' })
})

it('a run by vitest alone keeps what it compiles for as long as it lasts', () => {
  const env: Record<string, string | undefined> = { TMPDIR: '/b' }
  const end = setup(undefined, env)
  expect(env['NODE_COMPILE_CACHE']).toMatch(/interlock-compiled-/)
  end?.()
  expect(env['NODE_COMPILE_CACHE']).toBeUndefined()
})
