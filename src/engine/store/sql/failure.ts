import { type ErrorCode, InterlockError, invalidInput } from '../../core/index.ts'
import { messageOf } from '../../events/index.ts'
import { refusals } from '../refusals.ts'
import { sqlstates } from './sqlstates.ts'

type Meaning = readonly [code: ErrorCode, remedy: string]

const unavailable: Meaning = [
  'store_unavailable',
  'check that the server runs and the address is right; Interlock tries again by itself',
]
/** What a pool says whose connections are all in use. */
const POOL_BUSY = 'timeout exceeded when trying to connect'
const busy: Meaning = [
  'store_unavailable',
  'all connections of the pool are in use; ask for less at once, or make the pool larger',
]
const contention: Meaning = ['contention', 'the queue was busy; try again']
/** Also when commits wait for a standby that does not answer: the one before holds the queue's lock. */
const locked: Meaning = [
  'contention',
  'the queue was busy; try again, and if it stays so, ask `npx interlock-queue doctor`',
]
const unwritable: Meaning = [
  'store_unwritable',
  'find out why the server takes no writes: Interlock has to write',
]
const notMigrated: Meaning = [
  'not_migrated',
  'run `npx interlock-queue migrate --url <the same address>` with this release',
]
const misused: Meaning = ['invalid_input', 'correct what was given']

/** SQLSTATEs, whole or by their class (the first two characters). */
const meanings: Readonly<Record<string, Meaning>> = {
  '08': unavailable,
  '57': unavailable,
  '53': unavailable,
  '28': ['store_unavailable', 'the server refuses the login; check user and password in the address'],
  '3D000': ['store_unavailable', 'create the database, or correct its name in the address'],
  '53300': ['store_unavailable', 'the server has no connection left; use smaller pools or a pooler'],
  '40001': contention,
  '40P01': contention,
  '55P03': locked,
  '57014': contention,
  // The server ended the transaction because this process was paused while it held the queue's lock. Nothing was written.
  '25P03': contention,
  // A pooler in transaction mode lost our prepared statement. From now on, nothing is prepared.
  '26000': contention,
  '42P05': contention,
  '25006': [
    'store_unwritable',
    'the server takes no writes (a standby?); Interlock waits for one that does, so make sure that this address leads to the primary',
  ],
  '53100': ['store_unwritable', 'the disk of the database is full; make room'],
  '42501': [
    'store_unwritable',
    'give the role its rights: `npx interlock-queue migrate --runtime-role <role>`',
  ],
  '42883': notMigrated,
  '42P01': notMigrated,
  '42703': notMigrated,
  '3F000': notMigrated,
  '22': misused,
  '23': misused,
  JQ112: [
    sqlstates.JQ112,
    'let it see them: `npx interlock-queue doctor` prints the policy; no row is lost meanwhile',
  ],
  JQ113: [
    sqlstates.JQ113,
    'run `npx interlock-queue migrate --follow jobs`, or `--make-jobs` if there is none',
  ],
  JQ002: [sqlstates.JQ002, 'decide again at the current version, and compute the state after the events'],
  JQ: misused,
  '54': unwritable,
}

/**
 * What a driver's error means to a caller. An error without an SQLSTATE comes from the network or the driver. It is then unknown
 * whether a command was carried out: send it again under the same id.
 *
 * The driver's error is not kept as the cause: its `detail` contains rows.
 *
 * @param store the store's name, without credentials
 */
export function storeFailure(error: unknown, store: string): InterlockError {
  if (error instanceof InterlockError) return error
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  const sqlstate = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
  const [errorCode, remedy] =
    sqlstate !== null ? meaningOf(sqlstate) : message === POOL_BUSY ? busy : unavailable
  const text = (
    typeof message === 'string' && message !== '' ? message : String(code ?? messageOf(error))
  ).slice(0, 300)
  if (isStartupRefused(text)) return startupRefused(`${store}: ${text}`)
  return new InterlockError(errorCode, `${store}: ${text}; ${remedy}`, sqlstate ? { sqlstate } : {})
}

/** PgBouncer says: unsupported startup parameter: lock_timeout. */
export const isStartupRefused = (text: string): boolean => /unsupported startup parameter/.test(text)

/** No try will succeed before the address has been changed. */
export const startupRefused = (said: string): InterlockError =>
  invalidInput(
    `${said}; a pooler takes no such setting while connecting: remove it from the address, and set it for the role (\`alter role … set …\`)`,
    'source',
  )

function meaningOf(sqlstate: string): Meaning {
  const unforeseen: Meaning = [
    'store_unavailable',
    `unexpected (${sqlstate}); try again; if it stays, run \`npx interlock-queue migrate\``,
  ]
  const refusal = refusals[sqlstate]
  if (refusal !== undefined) return [refusal.code, refusal.remedy]
  return meanings[sqlstate] ?? meanings[sqlstate.slice(0, 2)] ?? unforeseen
}
