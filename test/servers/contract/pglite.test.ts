import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { pgliteStore } from '../../../src/engine/store/pglite/index.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { storeContract } from './store-contract.ts'

storeContract(
  // The first store owns the database; all others reach it through its socket.
  'pglite',
  async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'interlock-contract-'))
    await embeddedIn(directory)
    return {
      connect: () => pgliteStore(directory),
      dispose: () => rm(directory, { recursive: true, force: true }),
    }
  },
  { describe, it, beforeAll, afterAll },
  { tells: false },
)
