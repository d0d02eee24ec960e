import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { MICROS_PER_MS, type Micros } from '../../../../engine/core/index.ts'

/** Rises once a second, for what shows its age. */
export const seconds = signal(0)
setInterval(() => {
  if (!document.hidden) seconds.value++
}, 1_000)

/** `14:03:07`, in the user's time zone. */
export const clockText = (at: Micros): string => new Date(at / MICROS_PER_MS).toLocaleTimeString()

/** `14:03:07`, with the day unless it is today. */
export function momentText(at: Micros): string {
  const date = new Date(at / MICROS_PER_MS)
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? clockText(at) : `${date.toLocaleDateString()} ${clockText(at)}`
}

const times = /\b(\d{4}-\d\d-\d\dT)?(\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)/g

/** A text with the times in it as everywhere on the page: in the user's time zone, to the second. */
export const localText = (text: string): string =>
  text.replace(times, (time, day: string | undefined, clock: string) => {
    // Without its day a time is one of today, by the clock of this page.
    const date = day === undefined ? new Date(`${new Date().toDateString()} ${clock}`) : new Date(time)
    return momentText(date.getTime() * MICROS_PER_MS)
  })

const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })

/** With the day and the time zone: `28 Nov 2026, 14:03:07 CET`. */
export const wholeText = (at: Micros): string => whole.format(at / MICROS_PER_MS)

/** A value that is costly to compute from a signal: computed a few times a second at most, however often the signal changes. */
export function calm<T>(
  source: ReadonlySignal<T>,
  ms = 250,
): { readonly value: ReadonlySignal<T>; stop(): void } {
  const value = signal(source.peek())
  let timer = 0
  let last = performance.now()
  const take = () => {
    timer = 0
    last = performance.now()
    value.value = source.peek()
  }
  const stop = source.subscribe(() => {
    if (timer === 0)
      timer = setTimeout(take, Math.max(0, ms - (performance.now() - last))) as unknown as number
  })
  return {
    value: computed(() => value.value),
    stop: () => {
      clearTimeout(timer)
      stop()
    },
  }
}
