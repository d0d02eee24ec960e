import { afterAll, beforeAll, describe, it } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { storeContract } from './store-contract.ts'
import { migratedDatabase } from './support.ts'

storeContract(
  'postgres',
  async () => {
    const url = await migratedDatabase()
    return { connect: () => postgresStore(url) }
  },
  { describe, it, beforeAll, afterAll },
)
