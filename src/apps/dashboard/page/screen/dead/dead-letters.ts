import { type Signal, useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { isDeath, MICROS_PER_SECOND } from '../../../../../engine/core/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import type { LiveQueue } from '../../data/live.ts'
import { type Load, useAsked, useLoad } from '../../part/load.tsx'
import type { Letter } from './letters.ts'

/** How many are read at a time; and of those of a time, which are counted, at once. */
const PAGE = 500
const AT_ONCE = 4_000

interface LetterPage {
  readonly jobs: readonly Letter[]
  readonly before: number | null
}

export interface DeadLetterList {
  readonly letters: Signal<readonly Letter[]>
  /** Where there are more; null: these are all. */
  readonly before: Signal<number | null>
  readonly latest: Load<void>
  /** Those before them; null: nobody has asked. */
  readonly earlier: Load<void> | null
  /** The jobs that the user has chosen among them. */
  readonly chosen: Signal<ReadonlySet<string>>
  choose(jobIds: readonly string[], isIn: boolean): void
  /** Reads the latest again, and drops the others. */
  refresh(): void
  readEarlier(): void
}

/**
 * The dead letters of the queue: the latest, read again if a job dies or is retried while the user looks.
 * @param seconds only those of so long ago at most, all of them up to 4,000
 */
export function useDeadLetters(live: LiveQueue, seconds: number | null): DeadLetterList {
  const letters = useSignal<readonly Letter[]>([])
  const before = useSignal<number | null>(null)
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  /** @param from those before this one; null: the latest */
  const load = async (from: number | null) => {
    const query = new URLSearchParams({ limit: String(PAGE) })
    if (seconds !== null)
      query.set('since', String(Math.max(0, Math.round(live.now() - seconds * MICROS_PER_SECOND))))
    const found = from === null ? [] : [...letters.peek()]
    let next = from
    do {
      if (next !== null) query.set('before', String(next))
      const page = await getJson<LetterPage>(`${ofQueue(live.queue, 'dead')}?${query}`)
      found.push(...page.jobs)
      next = page.before
    } while (seconds !== null && next !== null && found.length < AT_ONCE)
    letters.value = found
    before.value = next
    const there = new Set(letters.value.map(({ jobId }) => jobId))
    chosen.value = chosen.peek().intersection(there)
  }
  const choose = (jobIds: readonly string[], isIn: boolean) => {
    const those = new Set(jobIds)
    chosen.value = isIn ? chosen.peek().union(those) : chosen.peek().difference(those)
  }
  const death = useLastDeath(live)
  const asked = useSignal(0)
  const latest = useLoad({
    question: `${live.generation.value} ${seconds}`,
    news: `${death} ${asked.value}`,
    look: () => load(null),
  })
  const { load: earlier, ask: readEarlier } = useAsked(() => load(before.peek()))
  const refresh = () => {
    asked.value++
  }
  return { letters, before, latest, earlier, chosen, choose, refresh, readEarlier }
}

/** The last event, of those that came while the page was open, that changed the list. */
function useLastDeath(live: LiveQueue): number {
  const looked = useRef({ version: live.version.peek(), death: 0 })
  const version = live.version.value
  const death = lastDeath(live, looked.current.version) ?? looked.current.death
  looked.current = { version, death }
  return death
}

function lastDeath({ replica }: LiveQueue, from: number): number | undefined {
  for (let seq = replica.version; seq > from; seq--) {
    const event = replica.event(seq)
    if (event !== undefined && (isDeath(event) || event.type === 'queued')) return seq
  }
  return undefined
}
