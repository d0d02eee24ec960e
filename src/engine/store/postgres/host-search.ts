import type pg from 'pg'

/** One server of an address that names several. */
export interface Host {
  readonly host: string
  readonly port: number
  /** `host:port`, for messages. */
  readonly name: string
}

/** A server that will do, and the connection on which it said so. */
export interface FoundServer {
  readonly host: Host
  readonly client: pg.Client
}

export interface SearchOptions {
  readonly hosts: readonly Host[]
  /** Asks one server. @throws Error what it said, if it will not do */
  readonly ask: (host: Host) => Promise<FoundServer>
  /** As libpq for `any`: of those that answer at first, the one that is named first. */
  readonly inOrder: boolean
}

/** How long a server that said no rests before it is asked again: half as long to half as long again. */
const REST_MS = 500

/**
 * Asks all servers at once until one will do; those that say no again and again. Each is asked by itself: one that hangs for as long as
 * its limit says would otherwise keep the others from being asked, while one of them takes over.
 */
export class Search {
  readonly found: Promise<FoundServer>
  readonly #options: SearchOptions
  /** The last question to each. */
  readonly #answers = new Map<Host, Promise<FoundServer>>()
  readonly #resting = new Map<Host, NodeJS.Timeout>()
  readonly #find: (claim: FoundServer) => void
  #isOver = false

  constructor(options: SearchOptions) {
    this.#options = options
    const { promise: first, resolve } = Promise.withResolvers<FoundServer>()
    this.#find = resolve
    for (const host of options.hosts) this.#ask(host)
    const atFirst = [...this.#answers.values()]
    this.found = options.inOrder ? firstOf(atFirst).then((claim) => claim ?? first) : first
  }

  /** Asks those at once that rest: somebody waits. */
  hurry(): void {
    for (const [host, timer] of this.#resting) {
      clearTimeout(timer)
      this.#ask(host)
    }
  }

  /** What each server says to the question under way, if all say no; else null. */
  async refusals(): Promise<readonly string[] | null> {
    const answers = [...this.#answers.values()].map((answer) =>
      answer.then(
        () => null,
        ({ message }) => String(message),
      ),
    )
    const said = (await Promise.all(answers)).filter((one) => one !== null)
    return said.length < answers.length ? null : said
  }

  /** What the others say to the question under way, if they say yes within this time. */
  async rivalsOf({ host }: FoundServer, ms: number): Promise<readonly FoundServer[]> {
    const others = [...this.#answers].filter(([other]) => other !== host)
    const claims = await Promise.all(others.map(([, answer]) => within(ms, answer)))
    return claims.filter((claim) => claim !== null)
  }

  /** Asks no more, and closes all connections. */
  end(): void {
    this.#isOver = true
    for (const timer of this.#resting.values()) clearTimeout(timer)
    for (const answer of this.#answers.values()) answer.then(({ client }) => client.end()).catch(() => {})
  }

  #ask(host: Host): void {
    this.#resting.delete(host)
    const answer = this.#options.ask(host)
    this.#answers.set(host, answer)
    answer.then(this.#find, () => this.#rest(host))
  }

  #rest(host: Host): void {
    if (this.#isOver) return
    const timer = setTimeout(() => this.#ask(host), REST_MS * (0.5 + Math.random())).unref()
    this.#resting.set(host, timer)
  }
}

async function firstOf(answers: readonly Promise<FoundServer>[]): Promise<FoundServer | null> {
  for (const answer of answers) {
    const claim = await answer.catch(() => null)
    if (claim !== null) return claim
  }
  return null
}

function within(ms: number, answer: Promise<FoundServer>): Promise<FoundServer | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ms).unref())
  return Promise.race([answer.catch(() => null), late])
}
