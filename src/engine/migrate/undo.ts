import { undoScript } from './compose.ts'
import type { MigrationConnection } from './connection.ts'
import { migrationFailure } from './refusal.ts'

/**
 * The way back to the first coordinator: its two tables get their names again, Interlock's are kept under the names
 * `…_undone_1`, its functions and triggers go. Stop Interlock's workers first.
 * It is what `interlock migrate --undo --print` prints.
 *
 * @returns what stays of Interlock, in words
 * @throws InterlockError `invalid_input` when there is nothing to go back to, or while jobs are running
 */
export async function undoFirstCoordinator(connection: MigrationConnection): Promise<readonly string[]> {
  try {
    await connection.exec(undoScript())
    const [row] = await connection.query("select current_setting('interlock.stays') as stays")
    return JSON.parse(String(row?.['stays']))
  } catch (error) {
    await connection.exec('rollback').catch(() => {})
    throw migrationFailure(error)
  }
}
