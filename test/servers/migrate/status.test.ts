import { describe, expect, it } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { migrate, migrationStatus, requireMigrated } from '../../../src/engine/migrate/index.ts'
import { failureOf, freshPglite } from './support.ts'

describe('the check of a store that opens', () => {
  it('passes a current database and says what to type for every other (not_migrated, database_older, database_newer)', async () => {
    const db = await freshPglite()
    const refusal = () => failureOf(requireMigrated(db.query, 'postgres://localhost:5432/app'))

    let error = await refusal()
    expect(isInterlockError(error, 'not_migrated')).toBe(true)
    expect(error.message).toContain('postgres://localhost:5432/app')
    expect(error.message).toContain('npx interlock-queue migrate --url')

    await migrate(db)
    await requireMigrated(db.query, 'here')

    await db.exec("update job_queue_migrations set version = '026' where version = '027'")
    error = await refusal()
    expect(isInterlockError(error, 'database_older')).toBe(true)
    expect(error.message).toMatch(/026.*027.*npx interlock-queue migrate --url/)
    expect(await migrationStatus(db.query)).toMatchObject({ state: 'older', version: '026', needed: '027' })

    await db.exec("update job_queue_migrations set version = '028' where version = '026'")
    error = await refusal()
    expect(isInterlockError(error, 'database_newer')).toBe(true)
    expect(error.message).toMatch(/028.*upgrade interlock-queue/)
  })

  it('migrates again what was made under the same version with another content', async () => {
    const db = await freshPglite()
    await migrate(db)
    await db.exec("update job_queue_migrations set checksum = 'x'")
    expect(await migrate(db)).toMatchObject({ applied: true })
    expect(await migrate(db)).toMatchObject({ applied: false })
  })
})
