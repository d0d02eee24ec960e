import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { leaseTimes, leaseWords } from '../../../src/apps/cli/lease-flags.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { connection, migrateDatabase } from '../contract/support.ts'
import { start } from '../e2e/support.ts'
import { temporaryFolder } from './support.ts'

describe('--lease and --patience', () => {
  it('are seconds, and go on to other processes as they were said', () => {
    expect(leaseTimes({ lease: '45', patience: '0.5' })).toEqual({ leaseMs: 45_000, patienceMs: 500 })
    expect(leaseTimes({})).toEqual({})
    expect(leaseWords({ lease: '45', patience: '60' })).toEqual(['--lease', '45', '--patience', '60'])
    expect(leaseWords({})).toEqual([])
  })

  it('are refused out of their range, by name', () => {
    expect(() => leaseTimes({ lease: '0' })).toThrow('--lease 0: must be a number from 0.1 to 3,600')
    expect(() => leaseTimes({ patience: 'long' })).toThrow(
      '--patience long: must be a number from 0 to 3,600',
    )
  })

  it('set the lease of each worker process, over what the file of handlers says; so does --schema the schema', async () => {
    const url = await createDatabase('cli')
    await migrateDatabase(url, { schema: 'app' })
    const sql = await connection(url)
    const file = path.join(await temporaryFolder(), 'handlers.mjs')
    await writeFile(file, 'export default { handlers: { a: () => {} }, leaseMs: 20_000, patienceMs: 1_000 }')
    const { child, ended } = start([
      'work',
      '--handler',
      file,
      '--url',
      url,
      '--processes',
      '2',
      '--lease',
      '45',
      '--schema',
      'app',
    ])
    const leases = async () => (await sql.query('select ttl_ms from app.job_queue_workers')).rows
    await expect.poll(leases, { timeout: 30_000 }).toEqual([{ ttl_ms: 45_000 }, { ttl_ms: 45_000 }])
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
  })
})
