/**
 * Brings a database to this release: tables by the parts that it lacks, functions always. Safe if many processes do it at once.
 *
 *     const { version, applied } = await migrate(connection)   // or `migrationScript()` as text, for `psql`
 *     const status = await migrationStatus(query)              // what the database has; stores refuse one that does not fit
 *
 * The SQL stands in `migrations/`: tables in `parts/`, functions in `functions/`, one file per subject. `bundle.ts` composes the two
 * bundles, `docs/reference/sql.md` and the types of the database from it.
 * @module
 */
export type { ColumnNames, UserTable } from './columns.ts'
export { undoScript } from './compose.ts'
export type { MigrationConnection } from './connection.ts'
export { functionSums } from './function-sums.ts'
export { type MigrateOptions, type MigrationOutcome, migrate } from './migrate.ts'
export { jobsTriggers, ownTriggers, wakeTriggers } from './missing.ts'
export { packageRoot } from './package-files.ts'
export { migrationPlan, type PlannedChange } from './plan.ts'
export { migrationScript } from './script.ts'
export { migrationStatus, requireCurrent, requireMigrated, statusOf } from './status.ts'
export type { StatusWords } from './statuses.ts'
export { type WrittenMigration, writeSupabaseMigration } from './supabase-file.ts'
export { undoFirstCoordinator } from './undo.ts'
export { schemaVersion } from './version.ts'
