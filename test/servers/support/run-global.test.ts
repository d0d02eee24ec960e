import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import setup from '../../support/run-global.ts'

const ofScripts = { NODE_COMPILE_CACHE: '/where/npm/scripts/keep/it' }

/** The npm scripts name a folder for what is compiled; that must not keep the temporary files on the disk. */
it('temporary files have their place in a run of the npm scripts too', () => {
  const env: Record<string, string | undefined> = { ...ofScripts }
  const end = setup(undefined, env)
  expect(existsSync(env['TMPDIR'] ?? '')).toBe(true)
  end?.()
})

it('a place that is given stays; what is compiled lies there for as long as the run lasts, for all its projects', () => {
  const TMPDIR = mkdtempSync(path.join(tmpdir(), 'interlock-run-'))
  onTestFinished(() => rmSync(TMPDIR, { recursive: true }))
  const env = { TMPDIR, ...ofScripts }
  const end = setup(undefined, env)
  const compiled = env.NODE_COMPILE_CACHE
  expect(path.dirname(compiled)).toBe(TMPDIR)
  expect(setup(undefined, env)).toBeUndefined()
  expect(env).toEqual({ TMPDIR, NODE_COMPILE_CACHE: compiled })
  end?.()
  expect(env).toEqual({ TMPDIR, ...ofScripts })
  expect(existsSync(compiled)).toBe(false)
})
