import type { Ledger, Micros } from '../../core/index.ts'
import { isoTime, isoTimeOrNull, plural, timeText } from '../../format/index.ts'

/** A model from which nothing starts. */
export interface PausedModel {
  readonly model: string
  /** Why, as a code. */
  readonly reason: string
  readonly since: Micros
  /** When it is lifted; null: by hand only. */
  readonly until: Micros | null
  /** The process that paused it. */
  readonly by: string | null
  /** How many jobs are kept from the line because of it. */
  readonly held: number
}

export const pausedModels = (ledger: Ledger): readonly PausedModel[] =>
  [...ledger.pauses]
    .map(({ model, reason, since, until, by, jobs }) => ({
      model,
      reason,
      since,
      until,
      by,
      held: jobs.size,
    }))
    .sort((a, b) => (a.model < b.model ? -1 : 1))

/** A pause of a model: times as ISO texts. */
export type PauseDocument = ReturnType<typeof pausedDocument>

export const pausedDocument = ({ since, until, ...pause }: PausedModel) => ({
  ...pause,
  since: isoTime(since),
  until: isoTimeOrNull(until),
})

/** `flux-dev (provider_down) until 14:03:07, 3 jobs held`. */
export const pausedText = ({ model, reason, until, held }: PausedModel): string =>
  `${model} (${reason}) ${untilText(until)}${held === 0 ? '' : `, ${plural(held, 'job')} held`}`

export const untilText = (until: Micros | null): string =>
  until === null ? 'until it is resumed' : `until ${timeText(until)}`
