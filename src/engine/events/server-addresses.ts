import { invalidInput } from '../core/index.ts'

/** Which servers of an address may be used, in libpq's words. Interlock writes, so it has no use for the others. */
const wants = ['any', 'primary', 'read-write'] as const
export type TargetServers = (typeof wants)[number]

/** What an address says of its servers. */
export interface Addresses {
  /** One address for each server, in the order given; all the same but for host and port. */
  readonly each: readonly [string, ...string[]]
  readonly wanted: TargetServers
  /** How long one server may take to answer, in milliseconds (`connect_timeout`, in seconds); null: not said. */
  readonly connectMs: number | null
  /** How long a statement may take, in milliseconds (`statement_timeout`); null: not said. */
  readonly statementMs: number | null
}

/** Settings of an address that are not for the driver: Interlock sees to them. */
const ours = ['target_session_attrs', 'connect_timeout']

/** What messages show. The address itself may hold a password. */
const form = 'postgres://user@host1:5432,host2:5432/database?target_session_attrs=read-write'

/** Up to the first of `/?#`; what is before the last `@` is user and password. */
const address = /^(postgres(?:ql)?:\/\/)(?:([^/?#]*)@)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/

/**
 * An address of one server or of several, as libpq has it: `postgres://user@host1:5432,host2/database`, with sockets
 * (`%2Fvar%2Frun%2Fpostgresql`) and IPv6 (`[::1]`) among them, or `?host=h1,h2&port=5432,5433`. With several, the one that takes writes
 * is meant unless `target_session_attrs` says otherwise; libpq would take the first that answers, standby or not.
 * @param path what messages call the input
 * @throws InterlockError `invalid_input`, without the address
 */
export function parseAddresses(text: string, path: string): Addresses {
  const refuse = (why: string) => invalidInput(`${path}: ${why}; the form is ${form}`, path)
  const found = address.exec(text)
  // A folder with a socket, which the driver takes as well.
  if (found === null && /^(\/|socket:)/.test(text)) {
    return { each: [text], wanted: 'any', connectMs: null, statementMs: null }
  }
  if (found === null) throw refuse('must be an address of a PostgreSQL server')
  const [, scheme = '', login, authority = '', database = '', query] = found
  const given = new URLSearchParams(query)
  const places = serversIn(authority, given, refuse)
  const wanted = wantedOf(given.get('target_session_attrs'), places.length, refuse)
  const connectMs = millisecondsOf(given.get('connect_timeout'), refuse)
  const statementMs = limitOf(given.get('statement_timeout'), refuse)
  for (const name of ours) given.delete(name)
  if (statementMs !== null) given.delete('statement_timeout')
  const several = places.length > 1
  const said = { wanted, connectMs, statementMs }
  if (!several && wanted === 'any' && statementMs === null && isReadable(text))
    return { each: [text], ...said }
  if (several) for (const name of ['host', 'port']) given.delete(name)
  const before = scheme + (login === undefined ? '' : `${login}@`)
  const after = database + (given.size === 0 ? '' : `?${given}`)
  const each = (several ? places : [authority]).map((place) => before + place + after)
  const [first, ...others] = each
  if (first === undefined || !each.every(isReadable)) {
    throw refuse('cannot be read; percent-encode special characters in its password')
  }
  return { each: [first, ...others], ...said }
}

type Refuse = (why: string) => Error

/** `host:port` of each server. */
function serversIn(authority: string, given: URLSearchParams, refuse: Refuse): readonly string[] {
  const named = given.get('host')
  const hosts = (named ?? authority).split(',')
  const isEmpty = (host: string) => (hosts.length > 1 && host === '') || /^:\d*$/.test(host)
  if (hosts.some(isEmpty)) throw refuse('names a host that is empty')
  if (named === null || hosts.length === 1) return hosts
  const ports = given.get('port')?.split(',') ?? ['']
  if (ports.length !== 1 && ports.length !== hosts.length) {
    throw refuse(`names ${hosts.length} hosts and ${ports.length} ports`)
  }
  return hosts.map((host, i) => {
    const port = ports[ports.length === 1 ? 0 : i]
    return (/[/:]/.test(host) ? encoded(host) : host) + (port ? `:${port}` : '')
  })
}

const encoded = (host: string) => (host.startsWith('/') ? encodeURIComponent(host) : `[${host}]`)

function wantedOf(word: string | null, hosts: number, refuse: Refuse): TargetServers {
  if (word === null) return hosts > 1 ? 'read-write' : 'any'
  const known = wants.find((one) => one === word)
  if (known !== undefined) return known
  throw refuse(`target_session_attrs must be ${wants.join(', ')}: Interlock writes`)
}

function millisecondsOf(seconds: string | null, refuse: Refuse): number | null {
  if (seconds === null) return null
  // libpq takes 0 for no limit, and never less than 2 s.
  if (/^\d{1,4}$/.test(seconds)) return seconds === '0' ? null : Math.max(2, Number(seconds)) * 1_000
  throw refuse('connect_timeout must be a number of seconds')
}

/** Poolers let nobody say it while connecting. The driver would take `5s` for 5 ms. 0 ends a limit of the role: that is for the driver. */
function limitOf(milliseconds: string | null, refuse: Refuse): number | null {
  if (milliseconds === null || /^0+$/.test(milliseconds)) return null
  if (/^\d{1,9}$/.test(milliseconds)) return Number(milliseconds)
  throw refuse('statement_timeout must be a number of milliseconds')
}

/** Behind a login the host may be left out, as in libpq: it is in the query, or the driver's own. `URL` alone does not read that. */
const isReadable = (one: string) => URL.canParse(one.replace('@/', '@localhost/'))
