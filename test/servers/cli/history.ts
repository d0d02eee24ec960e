import pg from 'pg'
import { expect } from 'vitest'
import { createDatabase } from '../../support/postgres-database.ts'
import { fileWith, interlock } from './support.ts'

/** A database with Interlock's tables and nothing in them. */
export async function emptyQueue(): Promise<string> {
  return createDatabase('cli', 'migrated')
}

/** What a command prints under `--json`; it must end with this code. */
export async function documentOf(url: string, words: readonly string[], code = 0) {
  const spoken = await interlock([...words, '--json', '--url', url])
  expect({ code: spoken.code, stderr: spoken.code === code ? '' : spoken.stderr }).toEqual({
    code,
    stderr: '',
  })
  return JSON.parse(spoken.stdout)
}

/** Takes jobs through a worker to their end; what `run` printed. @param lines `job_id,models,seconds` */
export async function worked(
  url: string,
  lines: readonly string[],
  ...flags: readonly string[]
): Promise<unknown> {
  const file = await fileWith('w.csv', `job_id,models,seconds\n${lines.join('\n')}\n`)
  return documentOf(url, ['run', file, '--policy', 'by-model', ...flags])
}

/** The log as `interlock log` has it. */
export async function logOf(url: string): Promise<readonly LoggedEvent[]> {
  return documentOf(url, ['log', '--limit', '100000'])
}

export interface LoggedEvent {
  readonly seq: number
  readonly type: string
  readonly jobId?: string
  readonly at: string
}

/** What a statement finds in the database. */
export async function rowsOf(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Changes the tables as their owner can, past the triggers that keep the log append-only, and the snapshot of its cut. */
export async function tamper(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const tables = [
      ...['job_queue_log', 'interlock.job_queue_log_archive'],
      ...['interlock.job_queue_snapshots', 'interlock.job_queue_snapshot_chunks'],
    ]
    for (const table of tables) await client.query(`alter table ${table} disable trigger user`)
    for (const statement of statements) {
      const { rowCount } = await client.query(statement)
      expect(rowCount, statement).toBeGreaterThan(0)
    }
    for (const table of tables) await client.query(`alter table ${table} enable trigger user`)
  } finally {
    await client.end()
  }
}
