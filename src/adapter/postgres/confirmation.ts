import type pg from 'pg'
import { InterlockError } from '../../core/index.ts'
import { storeFailure } from '../sql/index.ts'
import type { Ask } from './ask.ts'

/** Makes sure that what was answered as committed is where commits have to be. */
export interface Confirmation {
  /** Hears what the server says on this connection, beside its answers. */
  watch(client: pg.ClientBase): void
  /**
   * Does work that commits. First makes up for a commit whose wait for the standby was cancelled, so that nothing of it is taken for
   * done, by this process or by reading what it has written.
   * @throws InterlockError `store_unavailable` if that happens now: what was committed is unknown, and has to be sent again
   */
  confirmed<Out>(work: () => Promise<Out>): Promise<Out>
  /** Resolves when all that can be read by now is on the standby that commits wait for, if they do. @throws what the driver throws */
  replicated(): Promise<void>
  /** Whether commits wait for a standby; also if that is not known yet. */
  mustBeReplicated(): boolean
  /** Asks whether they do, unless it was asked a moment ago. @throws what the driver throws */
  learn(): Promise<void>
}

/** How long it is taken for granted whether commits wait for a standby, in milliseconds. */
const KNOWN_MS = 5_000

/**
 * A commit that waits for a synchronous standby can be cancelled (`pg_cancel_backend`, Ctrl-C in a pooler). The server then answers as
 * always, since the commit is in its own log, and says only in a warning that no standby has it: a fail-over would lose it after it was
 * acknowledged. So it counts as unknown. It is sent again under its id, and this time waits: a later commit is on the standby only after
 * all earlier ones.
 */
export function createConfirmation(pool: pg.Pool, ask: Ask, name: string): Confirmation {
  const watched = new WeakSet<pg.ClientBase>()
  let cancelled = 0
  let isOwed = false
  let making: Promise<void> | undefined
  let waits: boolean | undefined
  let knownUntil = Number.NEGATIVE_INFINITY

  const watch = (client: pg.ClientBase) => {
    if (watched.has(client)) return
    watched.add(client)
    client.on('notice', (notice) => {
      if (!isOfThisServerAlone(notice)) return
      cancelled++
      isOwed = true
    })
  }
  // A program's own pool may have connected long ago.
  pool.on('acquire', watch)

  const inTime = async <Out>(work: () => Promise<Out>): Promise<Out> => {
    const before = cancelled
    const out = await work()
    if (cancelled !== before) throw notConfirmed(name)
    return out
  }
  const make = async () => {
    await inTime(() => ask(pool, commitThatWaits)).catch((error) => Promise.reject(storeFailure(error, name)))
    isOwed = false
  }
  const makeOnce = () => (making ??= make().finally(() => (making = undefined)))
  const learn = async () => {
    const now = performance.now()
    if (now < knownUntil) return
    knownUntil = now + KNOWN_MS
    try {
      waits = (await ask<{ waits: boolean }>(pool, whetherCommitsWait)).rows[0]?.waits === true
    } catch (error) {
      knownUntil = Number.NEGATIVE_INFINITY
      throw error
    }
  }
  return {
    watch,
    learn,
    mustBeReplicated: () => {
      learn().catch(() => {})
      return waits !== false
    },
    replicated: async () => {
      await learn()
      if (waits !== false) await ask(pool, commitThatWaits)
    },
    confirmed: async (work) => {
      if (isOwed) await makeOnce()
      return inTime(work)
    },
  }
}

const whetherCommitsWait = "select current_setting('synchronous_standby_names') <> '' as waits"

/** Writes the least that a commit can write, so that it has something to wait for. */
const commitThatWaits =
  "select set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'interlock', '')"

/** By the place in the server's source: its words come in the language of the server. */
const isOfThisServerAlone = ({
  code,
  routine,
}: {
  code?: string | undefined
  routine?: string | undefined
}) => code === '01000' && routine === 'SyncRepWaitForLSN'

const notConfirmed = (name: string) =>
  new InterlockError(
    'store_unavailable',
    `${name}: a commit is on this server alone, since its wait for the standby was cancelled; it is sent again, and counts when a standby has it`,
    { cause: 'unconfirmed' },
  )
