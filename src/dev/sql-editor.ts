import type { DevDatabase } from './database/database.ts'
import type { Keys } from './keys.ts'
import type { RestResponse } from './rest/request.ts'

export interface SqlRequest {
  readonly credential: string | undefined
  readonly type: string | undefined
  readonly body: string
}

/**
 * What /pg/query is for: the SQL editor of a project, for anyone who has the secret key. The SQL is the body, or `query` of a JSON
 * document, as `supabase start` has it; the answer is the rows of its last statement.
 */
export async function runSql(db: DevDatabase, keys: Keys, request: SqlRequest): Promise<RestResponse> {
  const claims = await keys.claimsOf(request.credential).catch(() => null)
  if (claims?.role !== 'service_role')
    return answer(403, { message: 'SQL is for the secret key (SUPABASE_SECRET_KEY)' })
  try {
    return answer(200, await db.exec(sqlOf(request)))
  } catch (error) {
    return answer(400, { message: error instanceof Error ? error.message : String(error) })
  }
}

function sqlOf({ type = '', body }: SqlRequest): string {
  if (!type.includes('json')) return body
  const { query } = JSON.parse(body)
  if (typeof query !== 'string') throw new Error('the body has no "query"')
  return query
}

function answer(status: number, document: unknown): RestResponse {
  const body = JSON.stringify(document, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body }
}
