import type { ProjectDatabase, Session } from '../database.ts'
import { type Claims, type ProjectKeys, roles } from '../keys.ts'
import { callOf, runCall } from './call.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import { databaseFailure, failureAnswer, leftOut, RestFailure, type RestResponse } from './failure.ts'
import { type RestRequest, requireSchema, wantedBy } from './request.ts'
import { emptyAnswer, rowsAnswer } from './statement.ts'
import { readTable, tableOf, writeTable } from './table.ts'

/** Answers requests to /rest/v1 as PostgREST does, or with 501. */
export class RestHandler {
  readonly #db: ProjectDatabase
  readonly #keys: ProjectKeys
  #catalog: Promise<Catalog> | undefined

  constructor(db: ProjectDatabase, keys: ProjectKeys) {
    this.#db = db
    this.#keys = keys
  }

  /** The schema has changed: `notify pgrst, 'reload schema'`. */
  reload(): void {
    this.#catalog = undefined
  }

  /** Never throws. */
  async handle(request: RestRequest): Promise<RestResponse> {
    let role = 'anon'
    try {
      const claims = await this.#keys.claimsOf(credentialOf(request.headers))
      role = claims.role
      return await this.#route(request, claims)
    } catch (error) {
      return failureAnswer(
        error instanceof RestFailure ? error : databaseFailure(error as Error, role === 'anon'),
      )
    }
  }

  async #route(request: RestRequest, claims: Claims): Promise<RestResponse> {
    requireSchema(request)
    const [, first = '', second, ...deeper] = request.path.split('/').map(decodeURIComponent)
    if (first === 'rpc' && second && deeper.length === 0) return this.#call(request, claims, second)
    if (first !== '' && second === undefined) return this.#table(request, claims, first)
    throw new RestFailure(404, { code: 'PGRST125', message: 'Invalid path specified in request URL' })
  }

  async #call(request: RestRequest, claims: Claims, name: string): Promise<RestResponse> {
    const wanted = wantedBy(request.headers)
    const call = await this.#found((catalog) => callOf(request, catalog, name))
    return this.#in(call.mode, request, claims, call.settings, async (session) => {
      const rows = await runCall(session, call)
      if (call.entry.returns === 'void') return emptyAnswer(204)
      return rowsAnswer(rows, wanted, call.entry.isSet)
    })
  }

  async #table(request: RestRequest, claims: Claims, name: string): Promise<RestResponse> {
    const wanted = wantedBy(request.headers)
    const table = await this.#found((catalog) => tableOf(catalog, name))
    switch (request.method) {
      case 'GET':
        return this.#in('read only', request, claims, {}, (session) =>
          readTable(session, request, table, wanted),
        )
      case 'POST':
      case 'PATCH':
      case 'DELETE':
        return this.#in('read write', request, claims, {}, (session) =>
          writeTable(session, request, table, wanted),
        )
      default:
        throw leftOut(`method ${request.method} for a table`)
    }
  }

  /** Before it reports something as missing, looks again in a fresh catalog. */
  async #found<Out>(find: (catalog: Catalog) => Out): Promise<Out> {
    const known = this.#catalog
    this.#catalog ??= readCatalog(this.#db)
    try {
      return find(await this.#catalog)
    } catch (error) {
      if (known === undefined) throw error
      this.#catalog = readCatalog(this.#db)
      return find(await this.#catalog)
    }
  }

  async #in<Out>(
    mode: 'read only' | 'read write',
    request: RestRequest,
    claims: Claims,
    own: Readonly<Record<string, string>>,
    work: (session: Session) => Promise<Out>,
  ): Promise<Out> {
    const settings = {
      ...own,
      role: await this.#assumable(claims.role),
      search_path: '"public", "extensions"',
      'request.jwt.claims': JSON.stringify(claims),
      'request.method': request.method,
      'request.path': request.path,
      'request.headers': JSON.stringify(request.headers),
    }
    return this.#db.transaction(mode, settings, work)
  }

  /** The login of this server may be a member of any role, so only the three roles of an API are allowed. */
  async #assumable(role: string): Promise<string> {
    if (roles.some((name) => name === role)) return role
    const [known] = await this.#db.query('select 1 from pg_catalog.pg_roles where rolname = $1', [role])
    throw known
      ? new RestFailure(403, { code: '42501', message: `permission denied to set role "${role}"` })
      : new RestFailure(401, { code: '22023', message: `role "${role}" does not exist` })
  }
}

/** The token of a request, else its key. */
const credentialOf = (headers: RestRequest['headers']): string | undefined =>
  /^Bearer (.*)$/i.exec(headers['authorization'] ?? '')?.[1] ?? headers['apikey']
