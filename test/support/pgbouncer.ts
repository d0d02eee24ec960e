import { madeOnce } from './once.ts'
import { type PoolMode, startPgbouncer } from './pgbouncer-process.ts'
import { atEnd } from './this-test.ts'

/** A real PgBouncer before the server of this address, ended with the test. @returns the address through it */
export async function behindPgbouncer(url: string, mode: PoolMode): Promise<string> {
  const pooler = await startPgbouncer(url, mode, await madeOnce('pgbouncer'))
  atEnd(pooler.close)
  return pooler.url
}
