import { InterlockError } from '../core/index.ts'
import type { MigrationConnection } from './connection.ts'
import { layoutVersion, schemaVersion } from './version.ts'

/** How a database compares with this release. */
export interface MigrationStatus {
  readonly state: 'not_migrated' | 'older' | 'current' | 'newer'
  /** The newest migration the database has; null when it has none. */
  readonly version: string | null
  /** The migration this release needs. */
  readonly needed: string
  /** SHA-256 of the bundle that ran last under that version; null when there is none. */
  readonly checksum: string | null
}

/**
 * Asks which migration a database has. Two small queries; no lock, no write.
 * A `newer` database works with this release as long as `job_queue_heads.min_reader` says so: schemas only expand.
 */
export async function migrationStatus(query: MigrationConnection['query']): Promise<MigrationStatus> {
  const [found] = await query("select to_regclass('public.job_queue_migrations') is not null as found")
  const rows = found?.['found'] === true ? await query(newestMigration) : []
  return statusOf(rows)
}

/** The status for the newest two rows of `job_queue_migrations`: one may only say how the objects are spread over schemas. */
export function statusOf(rows: readonly Readonly<Record<string, unknown>>[]): MigrationStatus {
  const row = rows.find((each) => each['version'] !== layoutVersion)
  const version = row?.['version']
  if (typeof version !== 'string') {
    return { state: 'not_migrated', version: null, needed: schemaVersion, checksum: null }
  }
  return {
    state: version < schemaVersion ? 'older' : version > schemaVersion ? 'newer' : 'current',
    version,
    needed: schemaVersion,
    checksum: String(row?.['checksum']),
  }
}

const newestMigration =
  'select version, checksum from public.job_queue_migrations order by version desc limit 2'

/**
 * Passes when the database is current; a store's `open()` calls it.
 *
 * @param store the store's name for the message, without credentials
 * @throws InterlockError `not_migrated`, `database_older`, `database_newer`; the message says what to type
 */
export async function requireMigrated(query: MigrationConnection['query'], store: string): Promise<void> {
  requireCurrent(
    await migrationStatus(query),
    store,
    'run `npx interlock-queue migrate --url <the same address>` (or paste what `npx interlock-queue migrate --print` says into the SQL editor)',
  )
}

/**
 * @param remedy how this database is migrated
 * @throws InterlockError `not_migrated`, `database_older`, `database_newer`
 */
export function requireCurrent(status: MigrationStatus, store: string, remedy: string): void {
  const details = { version: status.version, needed: status.needed }
  switch (status.state) {
    case 'current':
      return
    case 'not_migrated':
      throw new InterlockError('not_migrated', `${store} has no Interlock tables: ${remedy}`, details)
    case 'older':
      throw new InterlockError(
        'database_older',
        `${store} has migration ${status.version}, this release needs ${status.needed}: ${remedy}`,
        details,
      )
    case 'newer':
      throw new InterlockError(
        'database_newer',
        `${store} has migration ${status.version}, this release knows ${status.needed}: upgrade interlock-queue`,
        details,
      )
    default:
      status.state satisfies never
  }
}
