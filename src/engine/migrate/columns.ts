import { type InterlockError, invalidInput } from '../core/index.ts'

/** How Interlock uses a column of the user: the job's id, a word that it writes, a value, a time or an object that it reads. */
type ColumnNeed = 'key' | 'word' | 'value' | 'time' | 'object'

/** A user's column that Interlock uses. One with `adds` is a coordination column: it is made if it is missing. */
type UserColumn = readonly [name: string, use: { readonly needs: ColumnNeed } | { readonly adds: string }]

const blocking = [
  ['required_models', { adds: 'text[]' }],
  ['blocked_by_job_id', { adds: 'text' }],
  ['conflict_reason', { adds: 'text' }],
] as const satisfies readonly UserColumn[]

/** Every user's column that Interlock reads or writes, with its default name. */
const userColumns = {
  jobs: [
    ['job_id', { needs: 'key' }],
    ['status', { needs: 'word' }],
    ['model', { needs: 'value' }],
    ['kind', { needs: 'value' }],
    ['job_type', { needs: 'value' }],
    ['user_id', { needs: 'value' }],
    ['dedupe_key', { needs: 'value' }],
    ['dedupe_while', { needs: 'value' }],
    ['traceparent', { needs: 'value' }],
    ['tracestate', { needs: 'value' }],
    ['created_at', { needs: 'time' }],
    ['requirements', { needs: 'object' }],
    ...blocking,
    ['queued_at', { adds: 'timestamp with time zone' }],
    ['priority', { adds: 'integer' }],
  ],
  workflow_executions: [['execution_id', { needs: 'key' }], ...blocking],
} as const satisfies Record<string, readonly UserColumn[]>

/** Your tables that Interlock can follow. */
export type UserTable = keyof typeof userColumns

export const userTables = Object.keys(userColumns) as readonly UserTable[]

/** The user's names for some columns: `{ jobs: { job_id: 'id', status: 'state' } }`. */
export type ColumnNames = {
  readonly [Table in UserTable]?: Readonly<Partial<Record<(typeof userColumns)[Table][number][0], string>>>
}

/** For SQL: one object per column, with what it needs or adds. */
export const columnUses = (): string =>
  JSON.stringify(
    Object.entries(userColumns).flatMap(([target, columns]) =>
      columns.map(([name, use]) => ({ target, name, ...use })),
    ),
  )

/**
 * Columns that have no name of Interlock's own. The key of workflow_executions has two; and rows are deduplicated, or say how they need
 * their models, only by a column that the user has named.
 */
const unnamed: ReadonlySet<string> = new Set(['execution_id', 'dedupe_key', 'dedupe_while', 'requirements'])

/** For SQL: Interlock's own name of each column, by table, if it has one. */
export const ownNames = (): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(userColumns).map(([target, columns]) => [
        target,
        Object.fromEntries(columns.flatMap(([name]) => (unnamed.has(name) ? [] : [[name, name]]))),
      ]),
    ),
  )

/** The names as a literal of SQL. @throws InterlockError `invalid_input` for a name that is not possible */
export function columnsLiteral(names: ColumnNames): string {
  for (const [table, columns] of Object.entries(names)) {
    const known = Object.entries(userColumns).find(([name]) => name === table)?.[1]
    if (known === undefined) {
      throw refusal(
        table,
        `is not one of your tables that Interlock uses; it uses ${Object.keys(userColumns).join(' and ')}`,
      )
    }
    for (const [name, yours] of Object.entries(columns ?? {})) {
      if (!known.some(([column]) => column === name)) {
        throw refusal(
          `${table}.${name}`,
          `is not a column that Interlock uses; it uses ${known.map(([column]) => column).join(', ')}`,
        )
      }
      if (
        typeof yours !== 'string' ||
        yours === '' ||
        Buffer.byteLength(yours) > 63 ||
        !/^[^\p{Cc}\p{Cs}\\]*$/u.test(yours)
      ) {
        throw refusal(
          `${table}.${name}`,
          'must be the name of a column: 1 to 63 bytes, without control characters and backslashes',
        )
      }
    }
  }
  return `'${JSON.stringify(names).replaceAll("'", "''")}'`
}

const refusal = (place: string, why: string): InterlockError =>
  invalidInput(`columns.${place.slice(0, 80)}: ${why}`, 'columns')
