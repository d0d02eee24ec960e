import type pg from 'pg'
import { InterlockError } from '../../core/index.ts'
import type { KnownEvent } from '../index.ts'
import type { Ask, Connections } from './connections.ts'
import { microsOf } from './read-page.ts'
import { commitBehind, commitThatWaits, WaitProof, type WaitSetting } from './wait-proof.ts'

/**
 * Makes sure that what was answered as committed is where commits have to be.
 *
 * A commit that waits for a synchronous standby may be answered although no standby has it. Its wait was cancelled, or its session told to
 * end: the server says so in a warning, beside its answer. Or the server was told a moment ago that commits are to wait, and they do not yet
 * (`WaitProof`). Both count as unknown, as if there had been no answer: the command is sent again under its id, and a later commit is on the
 * standby only after all earlier ones.
 */
export class Confirmation {
  readonly #connections: Connections
  readonly #ask: Ask
  readonly #proof: WaitProof
  readonly #watched = new WeakSet<pg.ClientBase>()
  /** How many waits were given up, as far as the server has said it here. */
  #givenUp = 0

  constructor(connections: Connections, ask: Ask) {
    this.#connections = connections
    this.#ask = ask
    this.#proof = new WaitProof(connections, ask)
    // A program's own pool may have connected long ago.
    connections.pool.on('acquire', (client) => this.watch(client))
  }

  /** Hears what the server says on this connection, beside its answers. */
  watch(client: pg.ClientBase): void {
    if (this.#watched.has(client)) return
    this.#watched.add(client)
    client.on('notice', ({ routine }) => {
      if (routine === OF_WAITS) this.#givenUp++
    })
  }

  /** Does work that commits. @throws InterlockError `store_unavailable` if a wait was given up meanwhile: what was committed is unknown */
  async during<Out>(work: () => Promise<Out>): Promise<Out> {
    const before = this.#givenUp
    const out = await work()
    if (this.#givenUp !== before) throw this.#unknown('its wait for the standby was ended')
    return out
  }

  /** Believes an answer to a commit. @throws InterlockError `store_unavailable` if it may be that it has not waited: it is unknown */
  async believe(asked: WaitSetting): Promise<void> {
    if (asked === null || this.#proof.holds(asked)) return
    if (!(await this.#proof.find()))
      throw this.#unknown('commits do not wait yet for what synchronous_standby_names asks for')
    // It comes after the one that was seen to wait, so it has waited too; and with it all before.
    await this.during(() => this.#ask(this.#connections.pool, commitThatWaits))
  }

  /**
   * Resolves when all that could be read before is where commits have to be. It looks for the last event of that in the transaction that it
   * commits: after a fail-over a server confirms as well that lacks it. @throws what the driver throws, and as {@link believe}
   */
  async confirm(queue: string, known: KnownEvent): Promise<boolean> {
    const values = [queue, Math.max(0, known.version - 1)]
    const commit = () => this.#ask<Behind>(this.#connections.pool, { text: commitBehind, values })
    const [row] = (await this.during(commit)).rows
    if (row === undefined) throw this.#unknown('the server returned no row')
    await this.believe(row.asked)
    return has(row, known)
  }

  /** Whether commits wait for a standby as they are to, as seen on some. @throws what the driver throws */
  doCommitsWait(): Promise<boolean> {
    return this.#proof.find()
  }

  #unknown(why: string): InterlockError {
    return new InterlockError(
      'store_unavailable',
      `${this.#connections.name}: a commit may be on this server alone, since ${why}; Interlock sends it again, and counts it when a standby has it`,
      { cause: 'unconfirmed' },
    )
  }
}

/** What {@link commitBehind} answers: `at` as a page has it; null: the log has no such event any more, or never had. */
interface Behind {
  readonly asked: WaitSetting
  readonly version: number
  readonly archived_seq: number
  readonly at: string | null
}

function has(log: Behind, { version, at }: KnownEvent): boolean {
  if (version === 0) return true
  if (log.version < version) return false
  return log.at === null ? log.archived_seq >= version : microsOf(log.at)[0] === at
}

/** The routine of the server's source that gives a wait up: its words come in the language of the server, and its SQLSTATE varies. */
const OF_WAITS = 'SyncRepWaitForLSN'
