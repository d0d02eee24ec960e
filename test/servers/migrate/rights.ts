/** Who may do what with the objects of Interlock. */
import type { MigrationConnection } from '../../../src/engine/migrate/index.ts'
import { sqlFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { interlockTables } from '../../../src/engine/migrate/version.ts'

export const tablePrivileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']

/** What a role may do, as `object: PRIVILEGE`, over every object of Interlock, from the catalog. */
export async function rightsOf(db: MigrationConnection, role: string): Promise<readonly string[]> {
  const rows = await db.query(
    `select format('%s: %s', c.relname, p) as text from pg_class c, unnest($2::text[]) p
      where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relname ~ '^job_queue_' and c.relkind = 'r'
        and has_table_privilege($1, c.oid, p)
     union all
     select format('%s.%s: %s', c.relname, a.attname, p) from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0, unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
      where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relname ~ '^job_queue_' and c.relkind = 'r'
        and has_column_privilege($1, c.oid, a.attnum, p) and not has_table_privilege($1, c.oid, p)
     union all
     select format('%s: %s', c.relname, p) from pg_class c, unnest(array['USAGE', 'SELECT', 'UPDATE']) p
      where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace) and c.relname ~ '^job_queue_'
        and case when c.relkind = 'S' then has_sequence_privilege($1, c.oid, p) end
     union all
     select format('%s: EXECUTE', p.proname) from pg_proc p
      where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace) and p.proname ~ '^job_queue_' and has_function_privilege($1, p.oid, 'EXECUTE')
     order by 1`,
    [role, tablePrivileges],
  )
  return rows.map((row) => String(row['text']))
}

/** What the server may. */
export const runtimeRights = [
  ...interlockTables.map((table) => `${table}: SELECT`),
  ...sqlFunctions()
    .filter(({ statement }) => !/\breturns trigger\b/.test(statement))
    .map(({ name }) => `${name}: EXECUTE`),
].sort()
