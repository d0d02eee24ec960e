/** What a command sets before anything else must work on every Node that runs it, and be seen by nobody. */
import { expect, it } from 'vitest'
import { PACKAGE_VERSION } from '../../../src/engine/coordinator/base/package-version.ts'
import { start } from './support.ts'

it('begins without a word of V8 about its flags', async () => {
  expect(await start(['--version']).ended).toMatchObject({
    code: 0,
    stdout: `${PACKAGE_VERSION}\n`,
    stderr: '',
  })
})
