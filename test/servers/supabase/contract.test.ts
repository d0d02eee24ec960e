/** The contract of stores, over the real supabase-js and the stand-in for Supabase on a real PostgreSQL. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { storeContract } from '../contract/store-contract.ts'
import { startMigrated, storeOn } from './support.ts'

storeContract(
  'supabase',
  async () => {
    const project = await startMigrated()
    // Payloads of 4 MB take as long as the machine lets them.
    return { connect: () => storeOn(project, { timeoutMs: 100_000 }), dispose: () => project.close() }
  },
  { describe, it, beforeAll, afterAll },
  { http: true },
)
