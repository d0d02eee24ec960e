import { InterlockError } from '../../engine/core/index.ts'
import { type FigureOptions, familiesOf, QueueFigures, type ReadQueue } from '../../tools/figures/index.ts'
import { answerTo } from '../../tools/prometheus/answer.ts'
import type { Allowed } from './guard/grant.ts'
import type { QueueReader } from './reader/queue-reader.ts'
import type { Readers } from './readers.ts'

/** A queue is followed for so long after a scrape: then nobody scrapes any more. */
const IDLE_MS = 600_000
/** How often to look which queues there are. */
const NAMES_MS = 60_000

/** What answers `GET metrics`. */
export interface Scrapes {
  answer(request: Request, allowed: Allowed): Promise<Response>
  close(): void
}

/**
 * The first scrape begins to follow the queues; each further one is answered from what is known then, and asks the database nothing.
 */
export function scrapesOf(readers: Readers, options: FigureOptions): Scrapes {
  const kept = new Map<string, Promise<Followed>>()
  let idle: NodeJS.Timeout | undefined
  let names: { readonly at: number; readonly all: readonly string[] } | null = null
  const stop = () => {
    clearTimeout(idle)
    for (const one of kept.values()) void one.then(({ stop }) => stop()).catch(() => {})
    kept.clear()
  }
  const look = async (allowed: Allowed) => {
    const all = await readers.names({ ...allowed, sees: () => true })
    names = { at: performance.now(), all }
    return all
  }
  /** What was known a minute ago is good enough for one scrape, and the next one knows more. */
  const namesFor = async (allowed: Allowed) => {
    const all = names?.all ?? (await look(allowed))
    if (names !== null && performance.now() - names.at > NAMES_MS) void look(allowed).catch(() => {})
    return all.filter(allowed.sees)
  }
  const follow = (reader: QueueReader) => {
    const known = kept.get(reader.queue)
    if (known !== undefined) return known
    const made = followed(reader, options)
    kept.set(reader.queue, made)
    made.catch(() => kept.delete(reader.queue))
    return made
  }
  return {
    answer: async (request, allowed) => {
      clearTimeout(idle)
      idle = setTimeout(stop, IDLE_MS).unref()
      const all = await Promise.all((await namesFor(allowed)).map((name) => readers.of(name, allowed)))
      const failed = all.find(({ failure }) => failure !== null)
      if (failed !== undefined) throw unavailable(failed)
      const queues = await Promise.all(all.map(async (reader) => (await follow(reader)).read()))
      return answerTo(request, familiesOf({ queues, processes: [] }))
    },
    close: stop,
  }
}

/** Old figures would look like good ones: the scrape fails, so that `up` is 0. */
const unavailable = ({ queue, failure }: QueueReader): unknown =>
  new InterlockError('store_unavailable', `queue ${queue} cannot be read now: ${failure?.message}`)

/** The figures of a queue whose log is followed without joining it. */
interface Followed {
  /** @throws why the log cannot be folded now */
  read(): Promise<ReadQueue>
  stop(): void
}

/** Counts the events of a reader from now on: it is one more of its viewers. */
async function followed(reader: QueueReader, options: FigureOptions): Promise<Followed> {
  const beside = async () => ({
    workers: reader.workers ?? (await reader.lookForWorkers()),
    outside: await reader.store.backlog(reader.queue),
    refused: await reader.store.submitted(reader.queue, 1),
  })
  const { queue, changes$ } = reader
  const of = { queue, changes$, now: () => reader.now(), beside }
  const figures = new QueueFigures(of, options)
  try {
    figures.begin(await reader.ledger())
  } catch (error) {
    figures.stop()
    throw error
  }
  // Events are folded as they come. Who reads is told why if that fails.
  const foldOn = () => void reader.folded().catch(() => {})
  const detach = reader.attach({ changed: foldOn, reset: foldOn })
  return {
    read: async () => {
      await reader.folded()
      return { ...figures.read(), log: null }
    },
    stop: () => {
      detach()
      figures.stop()
    },
  }
}
