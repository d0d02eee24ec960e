import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Ledger, Micros } from '../../../../engine/core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import { route } from './route.ts'
import { calm } from './time.ts'

/** What a screen shows: the queue at the number of the address, or the present. */
export interface Shown {
  readonly ledger: ReadonlySignal<Ledger>
  /** This ledger, but the present one changes only a few times a second: for what is costly to compute. */
  readonly calm: ReadonlySignal<Ledger>
  /** The time that is shown. */
  now(): Micros
  /** True if the present is shown. */
  readonly isLive: ReadonlySignal<boolean>
  /** Why the number of the address cannot be shown. */
  readonly fault: ReadonlySignal<string | null>
  stop(): void
}

/** A moment further away than so many events is fetched alone. */
const MOST_AROUND = 20_000

export function shownOf(live: LiveQueue): Shown {
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
    live.replica
      .reach(at)
      .then((ledger) => {
        if (route.peek().at === at) past.value = ledger
        // A user who looks at one moment looks at its neighbours next.
        return live.base.peek() - at > MOST_AROUND ? undefined : live.readBack(at - 1)
      })
      .catch((error: unknown) => {
        if (route.peek().at === at) fault.value = error instanceof Error ? error.message : String(error)
      })
  })
  const ledger = computed(() => (isLive.value ? live.ledger.value : (past.value ?? live.ledger.peek())))
  const calmed = calm(ledger)
  return {
    ledger,
    calm: computed(() => (isLive.value ? calmed.value.value : ledger.value)),
    isLive,
    fault,
    now: () => (isLive.peek() ? live.now() : ledger.peek().lastAt),
    stop: () => {
      stop()
      calmed.stop()
    },
  }
}
