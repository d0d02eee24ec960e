import { bundleNames } from './compose.ts'
import type { MigrationConnection } from './connection.ts'
import { readMigrationFile } from './package-files.ts'
import { migrationFailure } from './refusal.ts'

/** The way back as a script, for psql or the Supabase SQL editor. */
export const undoScript = (): string => readMigrationFile(bundleNames.undo)

/**
 * The way back to the first coordinator: its two tables get their names again, Interlock's are kept under the names
 * `…_undone_1`, its functions and triggers go. Stop Interlock's workers first.
 * It is what migrations/undo_first_coordinator.sql does by hand.
 *
 * @throws InterlockError `invalid_input` when there is nothing to go back to, or while jobs are running
 */
export async function undoFirstCoordinator(connection: MigrationConnection): Promise<void> {
  try {
    await connection.exec(undoScript())
  } catch (error) {
    await connection.exec('rollback').catch(() => {})
    throw migrationFailure(error)
  }
}
