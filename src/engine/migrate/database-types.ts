import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from './migrate.ts'
import { packageRoot } from './package-files.ts'
import { interlockTables } from './version.ts'

/** The types of Interlock's tables and functions, as `supabase gen types` gives those of a project. */
export const databaseTypesFile = (): string =>
  join(packageRoot(), 'src', 'engine', 'store', 'supabase', 'database.ts')

interface TableColumn {
  readonly table: string
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  /** `always`: no value may be given; `default`: none need be. */
  readonly filled: 'always' | 'default' | null
}

interface FunctionRow {
  readonly name: string
  readonly names: readonly string[]
  readonly types: readonly string[]
  readonly defaults: number
  readonly returns: string
  readonly is_set: boolean
}

/** The text of {@link databaseTypesFile} as it should be, from the catalog of a migrated database. */
export async function currentDatabaseTypes(): Promise<string> {
  const db = await PGlite.create()
  try {
    const rows = async <Row>(sql: string, values: unknown[] = []) => (await db.query<Row>(sql, values)).rows
    await migrate({
      query: (sql, values) => rows(sql, values ? [...values] : []),
      exec: async (sql) => void (await db.exec(sql)),
    })
    return fileOf(
      await rows<TableColumn>(columnQuery, [[...interlockTables]]),
      await rows<FunctionRow>(functionQuery),
    )
  } finally {
    await db.close()
  }
}

const columnQuery = `
  select c.relname::text as table, a.attname::text as name, format_type(a.atttypid, null) as type, not a.attnotnull as nullable,
         case when a.attidentity = 'a' then 'always' when a.attidentity = 'd' or a.atthasdef then 'default' end as filled
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relnamespace = 'public'::regnamespace and c.relname = any ($1)
   order by c.relname, a.attname`

const functionQuery = `
  select p.proname::text as name, coalesce(p.proargnames, '{}')::text[] as names,
         array(select format_type(t, null) from unnest(p.proargtypes) as t) as types, p.pronargdefaults::int as defaults,
         format_type(p.prorettype, null) as returns, p.proretset as is_set
    from pg_proc p
   where p.pronamespace = 'public'::regnamespace and p.proname ~ '^job_queue_' and p.prorettype <> 'trigger'::regtype
   order by p.proname`

function typeOf(sql: string): string {
  if (sql.endsWith('[]')) return `${typeOf(sql.slice(0, -2))}[]`
  if (/^(smallint|integer|bigint|real|double precision|numeric)$/.test(sql)) return 'number'
  if (sql === 'boolean') return 'boolean'
  if (sql === 'json' || sql === 'jsonb') return 'Json'
  return sql === 'void' ? 'undefined' : sql === 'record' ? 'Record<string, unknown>' : 'string'
}

const record = (list: readonly string[]): string => (list.length === 0 ? 'never' : `{ ${list.join('; ')} }`)
const union = (columns: readonly TableColumn[]): string =>
  columns.map(({ name }) => `'${name}'`).join(' | ') || 'never'

function tableText(name: string, columns: readonly TableColumn[]): string {
  const row = columns.map(
    (one) => `        ${one.name}: ${typeOf(one.type)}${one.nullable ? ' | null' : ''}\n`,
  )
  const needed = union(columns.filter(({ filled, nullable }) => filled === null && !nullable))
  const made = columns.filter(({ filled }) => filled === 'always')
  return `      ${name}: Table<{\n${row.join('')}      }, ${needed}${made.length === 0 ? '' : `, ${union(made)}`}>\n`
}

function functionText({ name, names, types, defaults, returns, is_set }: FunctionRow): string {
  const args = types.map((type, index) => {
    const optional = index >= types.length - defaults ? '?' : ''
    return `${names[index]}${optional}: ${typeOf(type)}`
  })
  return `      ${name}: { Args: ${record(args)}; Returns: ${typeOf(returns)}${is_set ? '[]' : ''} }\n`
}

function fileOf(columns: readonly TableColumn[], functions: readonly FunctionRow[]): string {
  const tables = [...Map.groupBy(columns, (column) => column.table)]
  return `// Made by \`npm run generate\` from the migrations: change those.

/** Whatever JSON can say, as the types of supabase-js have it. */
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

/** A table by its row: which columns an insert needs, and which ones only the database writes. */
type Table<Row, Needed extends keyof Row, Made extends keyof Row = never> = {
  Row: Row
  Insert: Pick<Row, Needed> & Given<Row, Made>
  Update: Given<Row, Made>
  Relationships: []
}
type Given<Row, Made extends keyof Row> = { [Name in Exclude<keyof Row, Made>]?: Row[Name] } & { [Name in Made]?: never }

/**
 * Interlock's tables and functions, for \`createClient<Database>\`. Programs read the tables; every change goes through the
 * functions. Your own tables are not in it: docs/guides/supabase-production.md shows how to put them beside.
 */
export type Database = {
  public: {
    Tables: {
${tables.map(([name, list]) => tableText(name, list)).join('')}    }
    Views: { [_ in never]: never }
    Functions: {
${functions.map(functionText).join('')}    }
    Enums: { [_ in never]: never }
    CompositeTypes: { [_ in never]: never }
  }
}
`
}
