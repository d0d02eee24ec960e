import { planScript } from './compose.ts'
import { connectionIn, type MigrationConnection, refuseWord } from './connection.ts'
import { insideTransaction, inTransaction, isDone, type MigrateOptions } from './migrate.ts'
import { withSettings } from './script.ts'
import { interlockFunctions } from './sql-functions.ts'
import { interlockTables } from './version.ts'

/** What a migration makes, changes or leaves as it is. */
export interface PlannedChange {
  readonly does: 'make' | 'change' | 'leave'
  /** Which tables. */
  readonly what: string
  /** What is done to them and why, or what would make it otherwise. */
  readonly how: string
}

interface PlannedTarget {
  readonly target: string
  readonly does: 'make' | 'follow' | 'keep' | 'leave' | 'none'
  readonly why: string
  /** The schema of the installation that follows it instead. */
  readonly owner: string | null
  /** Of the coordination columns, those that it lacks. */
  readonly columns: readonly string[]
}

/**
 * What {@link migrate} would do with these options, table by table; empty if there is nothing to do. Changes nothing and locks no table.
 *
 * @throws InterlockError as {@link migrate} does before it changes anything
 */
export async function migrationPlan(
  given: MigrationConnection,
  options: MigrateOptions = {},
): Promise<readonly PlannedChange[]> {
  const { schema } = options
  const connection = connectionIn(given, schema)
  const script = insideTransaction(withSettings(planScript(schema), options))
  return inTransaction(
    connection,
    async () => {
      await refuseWord(connection, schema)
      if (await isDone(connection, options)) return []
      await connection.exec(script)
      const [row] = await connection.query(planned, [[...interlockTables]])
      const { has_own, of_first, others, targets } = row as unknown as PlanRow
      return [
        ...ownChanges(has_own, of_first, schema),
        ...targets.map(changeOf),
        ...(Number(others) === 0
          ? []
          : [
              {
                does: 'leave',
                what: Number(others) === 1 ? '1 other table' : `${others} other tables`,
                how: 'not touched',
              } as const,
            ]),
      ]
    },
    'rollback',
  )
}

interface PlanRow {
  readonly has_own: boolean
  readonly of_first: boolean
  readonly others: number | string
  readonly targets: readonly PlannedTarget[]
}

const planned = `
  select to_regclass('public.job_queue_migrations') is not null as has_own,
         to_regclass('public.job_queue_state') is not null and not exists (
           select from pg_catalog.pg_attribute a
            where a.attrelid = to_regclass('public.job_queue_state') and a.attname = 'queue' and not a.attisdropped) as of_first,
         (select count(*) from pg_catalog.pg_class c
           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
             and c.relname <> all ($1::text[] || '{jobs,workflow_executions}'::text[])) as others,
         (select json_agg(json_build_object('target', t.target, 'does', t.does, 'why', t.why, 'owner', t.owner, 'columns', (
            select coalesce(json_agg(n.yours), '[]')
              from json_to_recordset(current_setting('interlock.names')::json) as n (target text, adds text, yours text, type text)
             where n.target = t.target and n.adds is not null and n.type is null)))
            from json_to_recordset(current_setting('interlock.targets')::json) as t (target text, does text, why text, owner text)) as targets`

function ownChanges(hasOwn: boolean, ofFirst: boolean, schema: string | undefined): readonly PlannedChange[] {
  const what = `${interlockTables.length} tables and ${interlockFunctions().length} functions, job_queue_…`
  return [
    ...(ofFirst
      ? [
          {
            does: 'change',
            what: 'job_queue_state, job_queue_log',
            how: "the first coordinator's: renamed to …_v1, with their rows",
          } as const,
        ]
      : []),
    hasOwn
      ? { does: 'change', what, how: "Interlock's own: brought to this release, their rows stay" }
      : {
          does: 'make',
          what,
          how: `Interlock's own, in ${schema === undefined ? 'the schemas public and interlock' : `the schema ${schema}`}`,
        },
  ]
}

function changeOf({ target, does, why, owner, columns }: PlannedTarget): PlannedChange {
  const gains = [
    columns.length === 0
      ? 'no column'
      : `${columns.length === 1 ? 'the column' : 'the columns'} ${columns.join(', ')}`,
    'indexes and triggers of Interlock',
  ].join(', ')
  switch (does) {
    case 'make':
      return { does, what: target, how: why }
    case 'follow':
      return { does: 'change', what: target, how: `followed from now on, since ${why}; gains ${gains}` }
    case 'keep':
      return { does: 'change', what: target, how: `${why}; gains ${gains}, where they are missing` }
    case 'leave':
      return { does, what: target, how: owner === null ? `${why} (to follow it: --follow ${target})` : why }
    case 'none':
      return {
        does: 'leave',
        what: target,
        how: target === 'jobs' ? `${why} (to have it made: --make-jobs)` : why,
      }
    default:
      return does satisfies never
  }
}
