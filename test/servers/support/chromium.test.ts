/** Where no browser is, ordinary users and root are told what to do. */
import { expect, it } from 'vitest'
import { chromiumPath, type Machine } from '../../support/chromium.ts'

const nothing: Machine = { env: {}, places: ['/nowhere/chromium'], isRoot: false, install: async () => {} }
const apt = /run `apt-get install chromium` as root, or name one by INTERLOCK_TEST_CHROMIUM/

it('an ordinary user is told to have it installed, or to name one', async () => {
  const install = () => Promise.reject(new Error('this must not be tried'))
  await expect(chromiumPath({ ...nothing, install })).rejects.toThrow(apt)
  await expect(chromiumPath({ ...nothing, install })).rejects.toThrow('you are not root')
})

it('root without a network is told what apt-get has said', async () => {
  const install = () =>
    Promise.reject(Object.assign(new Error(), { stderr: 'E: Unable to locate package chromium\n' }))
  const asked = chromiumPath({ ...nothing, isRoot: true, install })
  await expect(asked).rejects.toThrow(apt)
  await expect(asked).rejects.toThrow('E: Unable to locate package chromium')
})

it('one that is named has to be there, and is taken first', async () => {
  const named = (file: string) => ({ ...nothing, env: { INTERLOCK_TEST_CHROMIUM: file } })
  await expect(chromiumPath(named('/nowhere/mine'))).rejects.toThrow(
    'names /nowhere/mine, which is not there',
  )
  expect(await chromiumPath(named(process.execPath))).toBe(process.execPath)
})
