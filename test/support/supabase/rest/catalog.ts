import type { ProjectDatabase } from '../database.ts'
import { SCHEMA } from './request.ts'

export interface Argument {
  readonly name: string
  readonly type: string
  readonly optional: boolean
  readonly variadic: boolean
}

export interface FunctionEntry {
  readonly name: string
  readonly args: readonly Argument[]
  readonly isVolatile: boolean
  readonly returns: 'void' | 'scalar' | 'composite'
  readonly isSet: boolean
  /** `create function … set name = value`. */
  readonly settings: Readonly<Record<string, string>>
}

export interface TableEntry {
  readonly name: string
  readonly columns: readonly string[]
}

/** What PostgREST calls the schema cache. */
export interface Catalog {
  readonly functions: readonly FunctionEntry[]
  readonly tables: readonly TableEntry[]
}

export async function readCatalog(db: ProjectDatabase): Promise<Catalog> {
  const functions = await db.query(functionQuery, [SCHEMA])
  const tables = await db.query(tableQuery, [SCHEMA])
  return {
    functions: functions.map((row) => functionOf(row as unknown as CatalogRow)),
    tables: tables as unknown as readonly TableEntry[],
  }
}

interface CatalogRow {
  readonly name: string
  readonly volatility: string
  readonly is_set: boolean
  readonly returns: FunctionEntry['returns']
  readonly names: readonly string[]
  readonly types: readonly string[]
  readonly defaults: number
  readonly is_variadic: boolean
  readonly settings: readonly string[]
}

function functionOf(row: CatalogRow): FunctionEntry {
  const args = row.types.map((type, index, all): Argument => {
    const last = index === all.length - 1
    const optional = index >= all.length - row.defaults
    return { name: row.names[index] ?? '', type, optional, variadic: row.is_variadic && last }
  })
  const { name, returns } = row
  const settings = Object.fromEntries(row.settings.map((text) => text.split(/=(.*)/s, 2)))
  return { name, args, returns, isVolatile: row.volatility === 'v', isSet: row.is_set, settings }
}

const functionQuery = `
  select p.proname::text as name, p.provolatile::text as volatility, p.proretset as is_set,
         case when p.prorettype = 'void'::regtype then 'void'
              when t.typtype = 'c' or p.prorettype = 'record'::regtype
                or p.proargmodes::text[] && array['o', 'b', 't'] then 'composite'
              else 'scalar' end as returns,
         array(select coalesce(a.name, '')
                 from unnest(p.proargtypes) with ordinality as i (type, place)
                 left join lateral (
                   select n.name from unnest(p.proargnames, p.proargmodes::text[]) with ordinality as n (name, mode, place)
                    where coalesce(n.mode, 'i') in ('i', 'b', 'v') order by n.place offset i.place - 1 limit 1) a on true
                order by i.place) as names,
         array(select format_type(i.type, null) from unnest(p.proargtypes) with ordinality as i (type, place)
                order by i.place) as types,
         p.pronargdefaults::int as defaults, p.provariadic <> 0 as is_variadic,
         coalesce(p.proconfig, '{}') as settings
    from pg_catalog.pg_proc p
    join pg_catalog.pg_type t on t.oid = p.prorettype
   where p.pronamespace = $1::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype`

const tableQuery = `
  select c.relname::text as name,
         array(select a.attname::text from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
    from pg_catalog.pg_class c
   where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition`
