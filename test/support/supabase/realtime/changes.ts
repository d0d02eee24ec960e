import type { ProjectDatabase } from '../database.ts'
import { quoted } from '../rest/sql.ts'
import { type ChangeBinding, lacking, type RowChange } from './messages.ts'

interface ChangedColumn {
  readonly name: string
  readonly type: string
}

/**
 * Changes of tables in the publication `supabase_realtime`. The real service reads the write-ahead log. Here a trigger reports
 * each row; it is created when somebody first subscribes to the table, and dropped at the end.
 */
export class Changes {
  readonly #db: ProjectDatabase
  readonly #columns = new Map<string, Promise<readonly ChangedColumn[]>>()

  constructor(db: ProjectDatabase) {
    this.#db = db
  }

  /** Why the binding will see no changes; null: it will. */
  async watch({ schema, table = '*', filter = '' }: ChangeBinding): Promise<string | null> {
    if (filter !== '' && !equality.test(filter)) return lacking(`filter "${filter}" of changes`)
    const published = await this.#db.query(
      `select tablename::text as name from pg_catalog.pg_publication_tables
        where pubname = 'supabase_realtime' and schemaname = $1 and ($2::text = '*' or tablename = $2::text)`,
      [schema, table],
    )
    const names = published.map(({ name }) => String(name))
    await Promise.all(names.map((name) => this.#watchTable(nameOf(schema, name))))
    if (names.length > 0 || table === '*') return null
    return `Unable to subscribe to changes with given parameters: ${schema}.${table} is not in the publication supabase_realtime`
  }

  /** Undefined if nobody has subscribed to the table. */
  columnsOf({ schema, table }: RowChange): Promise<readonly ChangedColumn[]> | undefined {
    return this.#columns.get(nameOf(schema, table))
  }

  async close(): Promise<void> {
    for (const name of this.#columns.keys()) {
      await this.#db.exec(`drop trigger if exists interlock_dev_note on ${name}`)
    }
  }

  #watchTable(name: string): Promise<readonly ChangedColumn[]> {
    const known = this.#columns.get(name) ?? this.#putTrigger(name)
    this.#columns.set(name, known)
    return known
  }

  async #putTrigger(name: string): Promise<readonly ChangedColumn[]> {
    await this.#db.exec(
      `create or replace trigger interlock_dev_note after insert or update or delete on ${name}
         for each row execute function realtime_dev.note()`,
    )
    const rows = await this.#db.query(
      `select a.attname::text as name, t.typname::text as type
         from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
        where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
      [name],
    )
    return rows as unknown as readonly ChangedColumn[]
  }
}

const nameOf = (schema: string, table: string): string => `${quoted(schema)}.${quoted(table)}`

export function matches({ event, schema, table = '*', filter }: ChangeBinding, change: RowChange): boolean {
  if (event !== '*' && event !== change.type) return false
  if (schema !== change.schema || (table !== '*' && table !== change.table)) return false
  return filter === undefined || filter === '' || passes(filter, change.record ?? change.old_record ?? {})
}

/** `column=eq.value`. */
const equality = /^([^=]+)=eq\.(.*)$/s

function passes(filter: string, record: Readonly<Record<string, unknown>>): boolean {
  const [, column = '', value = ''] = equality.exec(filter) ?? []
  return String(record[column]) === value
}
