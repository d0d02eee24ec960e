import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Gaps } from './gaps.ts'
import { at, type Node } from './patroni-config.ts'

/** How often it commits, and how often it looks for a server: more often than Interlock, whose part it is to be told from. */
const EACH_MS = 50
/** How long a server may take to answer, a commit included, before the others are asked again: one that was replaced never does. */
const ANSWER_MS = 1_000

/**
 * Commits one row after the other, over plain connections, on whichever server takes it. So the longest time without a commit is the
 * engine's own part of a fail-over: no program can commit then.
 */
export class Probe {
  readonly #gaps = new Gaps()
  readonly #nodes: readonly Node[]
  #client: pg.Client | undefined
  #isOver = false
  readonly #done: Promise<void>

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
    this.#done = this.#run()
  }

  takeGap = (): number => this.#gaps.take()

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#client ??= await Promise.any(this.#nodes.map(({ port }) => committing(port)))
        await commit(this.#client)
        this.#gaps.mark()
      } catch {
        this.#leave()
      }
      await sleep(EACH_MS)
    }
    this.#leave()
  }

  #leave(): void {
    if (this.#client !== undefined) leave(this.#client)
    this.#client = undefined
  }
}

/** Without waiting for a server that may never answer. */
function leave(client: pg.Client): void {
  client.end().catch(() => {})
  client.connection.stream.destroy()
}

const commit = (client: pg.Client) => client.query('insert into drill_probe default values')

/** A connection on which a commit has gone through. */
async function committing(port: number): Promise<pg.Client> {
  const connectionString = `postgres://postgres@${at(port)}/postgres`
  const client = new pg.Client({
    ...{ connectionString, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await commit(client)
    return client
  } catch (error) {
    leave(client)
    throw error
  }
}
