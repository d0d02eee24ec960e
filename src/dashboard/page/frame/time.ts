import { signal } from '@preact/signals'
import { MICROS_PER_MS, type Micros } from '../../../core/index.ts'

/** Rises once a second, for what grows older by itself. */
export const seconds = signal(0)
setInterval(() => {
  if (!document.hidden) seconds.value++
}, 1_000)

/** `14:03:07` on the clock of who looks. */
export const clockText = (at: Micros): string => new Date(at / MICROS_PER_MS).toLocaleTimeString()
