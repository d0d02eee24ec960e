import { oneLine, stackLines } from '../../../engine/core/index.ts'
import { ConnectionLost, type DevDatabase, PoolExhausted, type Session } from '../database/database.ts'
import { type Claims, type ProjectKeys, roles } from '../keys.ts'
import { emptyAnswer, failureAnswer, rowsAnswer } from './answer.ts'
import { callOf, runCall } from './call.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import { databaseFailure, faultOfOurs, leftOut, RestFailure } from './failure.ts'
import { type RestRequest, type RestResponse, schemaOf, wantedBy } from './request.ts'
import { quoted } from './sql.ts'
import { requireOne } from './statement.ts'
import { readTable, tableOf, writeTable } from './table.ts'

export interface RestOptions {
  readonly db: DevDatabase
  readonly keys: ProjectKeys
  /** The exposed schemas. The first one is the default. */
  readonly schemas: readonly string[]
  /** Called with faults of this server; standard error unless given. */
  readonly onFault?: (error: unknown) => void
}

/** Answers requests to /rest/v1 as PostgREST does, or with 501. */
export class RestHandler {
  readonly #options: RestOptions
  #catalog: Promise<Catalog> | undefined

  constructor(options: RestOptions) {
    this.#options = options
  }

  /** The schema has changed: `notify pgrst, 'reload schema'`. */
  reload(): void {
    this.#catalog = undefined
  }

  /** Never throws. */
  async handle(request: RestRequest): Promise<RestResponse> {
    let role = 'anon'
    try {
      const claims = await this.#options.keys.claimsOf(credentialOf(request.headers))
      role = claims.role
      return await this.#route(request, claims)
    } catch (error) {
      return failureAnswer(this.#failureOf(error, role === 'anon'))
    }
  }

  #failureOf(error: unknown, anonymous: boolean): RestFailure {
    if (error instanceof RestFailure) return error
    if (error instanceof PoolExhausted) {
      return new RestFailure(504, {
        code: 'PGRST003',
        message: 'Timed out acquiring connection from connection pool.',
      })
    }
    const raised = databaseFailure(error, anonymous)
    if (raised) return raised
    if (error instanceof ConnectionLost) {
      const message = 'Database connection error. Retrying the connection.'
      return new RestFailure(503, { code: 'PGRST001', message }, { 'Retry-After': '0' })
    }
    const { onFault = tellFault } = this.#options
    onFault(error)
    return faultOfOurs()
  }

  async #route(request: RestRequest, claims: Claims): Promise<RestResponse> {
    const schema = schemaOf(request, this.#options.schemas)
    const [, first = '', second, ...deeper] = partsOf(request.path)
    if (first === 'rpc' && second && deeper.length === 0) return this.#call(request, claims, schema, second)
    if (first !== '' && second === undefined) return this.#table(request, claims, schema, first)
    throw new RestFailure(404, { code: 'PGRST125', message: 'Invalid path specified in request URL' })
  }

  async #call(request: RestRequest, claims: Claims, schema: string, name: string): Promise<RestResponse> {
    const wanted = wantedBy(request.headers)
    const call = await this.#found((catalog) => callOf(request, catalog, schema, name))
    return this.#in(call.mode, request, claims, schema, call.settings, async (session) => {
      const rows = await runCall(session, call, wanted.count)
      if (call.entry.returns === 'void') return emptyAnswer(204, rows)
      if (wanted.object) requireOne(rows)
      return rowsAnswer(rows, call.entry.isSet && !wanted.object ? rows.json : rows.first, wanted)
    })
  }

  async #table(request: RestRequest, claims: Claims, schema: string, name: string): Promise<RestResponse> {
    const wanted = wantedBy(request.headers)
    const table = await this.#found((catalog) => tableOf(catalog, schema, name))
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#in('read only', request, claims, schema, {}, (session) =>
          readTable(session, request, table, wanted),
        )
      case 'POST':
      case 'PATCH':
      case 'DELETE':
        return this.#in('read write', request, claims, schema, {}, (session) =>
          writeTable(session, request, table, wanted),
        )
      default:
        throw leftOut(`method ${request.method} for a table`)
    }
  }

  /** Before it reports something as missing, looks again in a fresh catalog. */
  async #found<Out>(find: (catalog: Catalog) => Out): Promise<Out> {
    const known = this.#catalog
    const { db, schemas } = this.#options
    this.#catalog ??= readCatalog(db, schemas)
    try {
      return find(await this.#catalog)
    } catch (error) {
      if (known === undefined) throw error
      this.#catalog = readCatalog(db, schemas)
      return find(await this.#catalog)
    }
  }

  async #in<Out>(
    mode: 'read only' | 'read write',
    request: RestRequest,
    claims: Claims,
    schema: string,
    own: Readonly<Record<string, string>>,
    work: (session: Session) => Promise<Out>,
  ): Promise<Out> {
    const { roleSettings = {} }: Partial<Catalog> = (await this.#catalog) ?? {}
    const settings = {
      ...roleSettings['authenticator'],
      ...roleSettings[claims.role],
      ...own,
      role: await this.#assumable(claims.role),
      search_path: [schema, 'public', 'extensions'].map(quoted).join(', '),
      'request.jwt.claims': JSON.stringify(claims),
      'request.method': request.method,
      'request.path': request.path,
      'request.headers': JSON.stringify(request.headers),
    }
    return this.#options.db.transaction(mode, settings, work)
  }

  /** The login of this server may be a member of any role, so only the three roles of an API are allowed. */
  async #assumable(role: string): Promise<string> {
    if (roles.some((name) => name === role)) return role
    const [known] = await this.#options.db.query('select 1 from pg_catalog.pg_roles where rolname = $1', [
      role,
    ])
    throw known
      ? new RestFailure(403, { code: '42501', message: `permission denied to set role "${role}"` })
      : new RestFailure(401, { code: '22023', message: `role "${role}" does not exist` })
  }
}

/** None if the path is no text. */
function partsOf(path: string): readonly string[] {
  try {
    return path.split('/').map(decodeURIComponent)
  } catch {
    return []
  }
}

const tellFault = (error: unknown): void => {
  const lines = error instanceof Error ? stackLines(error) : [oneLine(String(error))]
  process.stderr.write(`interlock dev: a fault of its own: ${lines.join('\n')}\n`)
}

/** The token of a request, else its key. */
export function credentialOf(headers: RestRequest['headers']): string | undefined {
  return /^Bearer (.*)$/i.exec(headers['authorization'] ?? '')?.[1] ?? headers['apikey']
}
