import { it } from 'vitest'
import { expectServed } from './served.ts'
import { temporaryFolder } from './support.ts'

it('dev serves the embedded database, migrated, to those who have the keys it prints', async () => {
  await expectServed(`pglite:${await temporaryFolder()}`)
})
