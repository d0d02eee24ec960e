import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { projectStore, type SupabaseOptions } from '../../../src/engine/store/supabase/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import type { LocalSupabaseOptions } from '../../support/supabase/index.ts'
import { type Project, startOver } from '../../support/supabase/project.ts'
import { blocksOf, pages } from '../docs/markdown.ts'

export type { Project }

/** A stand-in for Supabase over PostgreSQL with Interlock's tables. */
export const startMigrated = async (
  sql = '',
  options: Partial<LocalSupabaseOptions> = {},
): Promise<Project> => startOver(await createDatabase('dev', 'project'), sql, options)

/** A store with a client of its own, as another process has it. */
export const storeOn = (
  { url, keys }: Pick<Project, 'url' | 'keys'>,
  options: SupabaseOptions = {},
): LogStore => projectStore(url, keys.secret, options)

/** The topic on which the appends of a queue are announced. */
export async function topicOf({ query }: Pick<Project, 'query'>, queue: string): Promise<string> {
  const [row] = await query("select job_queue_open($1) ->> 'channel' as channel", [queue])
  return `interlock:${queue}:${row?.['channel']}`
}

const guides = pages.filter(({ file }) => file.startsWith('docs/guides/supabase'))

/** The one block of the guides about Supabase with this after its fence. */
export function docsBlock(info: string): string {
  const found = guides.flatMap(blocksOf).filter((block) => block.info === info)
  if (found.length !== 1) throw new Error(`the guides about Supabase have ${found.length} blocks of ${info}`)
  return found[0]?.code ?? ''
}

/** What that block exports. */
export async function docsModule(info: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-page-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'block.mjs')
  await writeFile(file, docsBlock(info))
  return import(pathToFileURL(file).href)
}
