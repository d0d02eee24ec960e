import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Ledger, Micros } from '../../../core/index.ts'
import type { Live } from '../data/live.ts'
import { route } from './route.ts'

/** What a screen shows: the queue at the number of the address, or as it goes on. */
export interface Shown {
  readonly ledger: ReadonlySignal<Ledger>
  /** The moment that is shown. */
  now(): Micros
  /** It is the present. */
  readonly isLive: ReadonlySignal<boolean>
  /** Why the number of the address cannot be shown. */
  readonly fault: ReadonlySignal<string | null>
  stop(): void
}

export function shownOf(live: Live): Shown {
  const past = signal<Ledger | null>(null)
  const fault = signal<string | null>(null)
  const isLive = computed(() => route.value.at === null)
  const stop = effect(() => {
    const { at } = route.value
    // Another log has other events at its numbers.
    void live.generation.value
    fault.value = null
    if (at === null || !live.isLoaded.value) return
    const here = live.replica.at(at)
    if (here !== undefined) {
      past.value = here
      return
    }
    live.replica.reach(at).then(
      (ledger) => {
        if (route.peek().at === at) past.value = ledger
      },
      (error: unknown) => {
        if (route.peek().at === at) fault.value = error instanceof Error ? error.message : String(error)
      },
    )
  })
  const ledger = computed(() => (isLive.value ? live.ledger.value : (past.value ?? live.ledger.peek())))
  return {
    ledger,
    isLive,
    fault,
    now: () => (isLive.peek() ? live.now() : ledger.peek().lastAt),
    stop,
  }
}
