/**
 * Writes the files that are made from the parts under migrations/: the bundles, the functions' reference in docs/reference, and
 * the types of tables and functions for supabase-js.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundles } from './compose.ts'
import { currentDatabaseTypes, databaseTypesFile } from './database-types.ts'
import { migrationsFolder } from './package-files.ts'
import { referencePages } from './sql-reference.ts'

for (const [name, text] of bundles()) writeFileSync(join(migrationsFolder(), name), text)
for (const { file, text } of referencePages()) writeFileSync(file, text)
writeFileSync(databaseTypesFile(), await currentDatabaseTypes())
