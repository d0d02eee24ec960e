import { migrationScript } from '../../../src/engine/migrate/index.ts'
import { blocksOf, pageOf } from '../../servers/docs/markdown.ts'
import { startPostgres } from '../postgres.ts'
import { postgresDatabase } from './database.ts'
import { type LocalSupabase, startLocalSupabase } from './index.ts'

export interface ExampleProject extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

/** What lets a signed-in user submit jobs and follow their own: as on the page about Supabase. */
export const policies = (): string =>
  blocksOf(pageOf('docs/guides/supabase.md')).find(({ info }) => info === 'sql policy')?.code ?? ''

/** What the program reads: the keys of a project, and the token of a signed-in user. */
export async function exampleVariables({ url, keys }: Pick<LocalSupabase, 'url' | 'keys'>) {
  return {
    SUPABASE_URL: url,
    SUPABASE_SECRET_KEY: keys.secret,
    SUPABASE_PUBLISHABLE_KEY: keys.publishable,
    USER_TOKEN: await keys.signIn('00000000-0000-4000-8000-000000000001'),
  }
}

/** The stand-in with Interlock's tables and these policies, over a server of its own. */
export async function startExampleProject(): Promise<ExampleProject> {
  const server = await startPostgres()
  const db = await postgresDatabase(server.url)
  const project = await startLocalSupabase({ db })
  await db.exec(migrationScript())
  await db.exec(policies())
  const remove = async () => {
    await project.close()
    await server.remove()
  }
  return { env: await exampleVariables(project), [Symbol.asyncDispose]: remove }
}
