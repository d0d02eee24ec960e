import { invalidInput } from '../../core/index.ts'
import type {
  Answered,
  AnsweredByAppend,
  CombiningRole,
  CommandWithData,
  PublicationMark,
  PublishedCommand,
} from '../index.ts'
import { dataOf } from './data.ts'
import type { MemoryNotification, MemoryPublished, MemoryQueue } from './database.ts'

/** `job_queue_publish` and `job_queue_resign`. @param address of the store: what is said to it, only its listeners hear */
export function combiningIn(
  queueOf: (name: string) => MemoryQueue,
  now: () => number,
  address: string,
): CombiningRole {
  return {
    publish: async (name, { sender, commands, waitMs, seen }) => {
      if (!(waitMs > 0 && waitMs <= 86_400_000)) throw invalidInput('wait_ms: must be from 1 to 86,400,000')
      const queue = queueOf(name)
      const { combiner } = queue
      const isVacant = combiner.name === null || combiner.name === sender
      if (!isVacant) {
        put(queue, commands, { sender, answerTo: address, waitsUntil: now() + 4_000 * waitMs })
        const oldest = waitingIn(queue, now())[0]?.place ?? null
        const at: PublicationMark = { election: combiner.election, oldest }
        if (seen?.election !== at.election || seen.oldest !== oldest)
          return { combines: false, seen: at, barren: combiner.barren }
        elect(queue, sender, oldest)
      } else queue.combiner = { name: sender, election: combiner.election + 1, barren: 0, oldest: null }
      const own = commands.map(({ command }) => command.id)
      queue.published = waitingIn(queue, now())
      answeredIn(queue, { done: own, senders: [sender] })
      return { combines: true, version: queue.log.length, published: publishedIn(queue, now()) }
    },
    resign: async (name, { combiner, ...answered }) => {
      const queue = queueOf(name)
      const isCombiner = queue.combiner.name === combiner
      answeredIn(queue, answered)
      const published = isCombiner ? publishedIn(queue, now()) : []
      const resigns = isCombiner && published.length === 0
      if (resigns) {
        queue.combiner = { ...queue.combiner, name: null }
        say(queue, { answered: null })
      }
      return { combines: isCombiner && !resigns, published }
    },
  }
}

function elect(queue: MemoryQueue, name: string, oldest: number | null): void {
  const { combiner } = queue
  const barren = combiner.oldest === oldest ? Math.min(20, combiner.barren + 1) : 1
  queue.combiner = { name, election: combiner.election + 1, barren, oldest }
}

function put(
  queue: MemoryQueue,
  commands: readonly CommandWithData[],
  from: Pick<MemoryPublished, 'sender' | 'answerTo' | 'waitsUntil'>,
): void {
  const again = new Set(commands.map(({ command }) => command.id))
  const known = new Set(queue.published.map(({ command }) => command.id))
  const fresh = structuredClone(commands.filter(({ command }) => !known.has(command.id)))
  queue.published = [
    ...queue.published.map((one) =>
      again.has(one.command.id) ? { ...one, waitsUntil: from.waitsUntil } : one,
    ),
    ...fresh.map((one) => ({ ...one, ...from, place: ++queue.places })),
  ]
}

const waitingIn = ({ published }: MemoryQueue, now: number) =>
  published.filter(({ waitsUntil }) => waitsUntil > now)

/** `job_queue_published_in` */
export function publishedIn(queue: MemoryQueue, now: number): readonly PublishedCommand[] {
  const first = waitingIn(queue, now).slice(0, 500)
  return first.map(({ place: _, waitsUntil: __, ...one }) => structuredClone(one))
}

/** `job_queue_answered` */
function answeredIn(queue: MemoryQueue, { done, senders }: Answered): void {
  const gone = new Set(done)
  queue.published = queue.published.filter(({ command }) => !gone.has(command.id))
  if (senders.length > 0) say(queue, { answered: senders })
}

function say(queue: MemoryQueue, said: MemoryNotification): void {
  for (const wake of queue.listeners) queueMicrotask(() => wake(said))
}

/** What `job_queue_append_for` does beside the append. */
export function tellIn(queue: MemoryQueue, { answers = [], ...answered }: AnsweredByAppend): void {
  const version = queue.log.length
  for (const { to, wanted, answers: said } of answers) {
    const received = structuredClone({ to, version, answers: said, data: dataOf(queue, wanted) })
    say(queue, { received })
  }
  say(queue, { answered: [] })
  answeredIn(queue, answered)
}
