import { afterAll, beforeAll, describe, it } from 'vitest'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { storeContract } from './store-contract.ts'

storeContract(
  'memoryStore over a memoryDatabase',
  async () => {
    const database = memoryDatabase()
    return { connect: () => memoryStore(database) }
  },
  { describe, it, beforeAll, afterAll },
)
