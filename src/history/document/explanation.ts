import type { Explanation } from '../../core/index.ts'
import { isoTime, isoTimeOrNull } from '../../format/index.ts'

/** Why a live job does not run: times as ISO texts. */
export type ExplanationDocument = ReturnType<typeof explanationDocument>

export const explanationDocument = ({ models, ...found }: Explanation) => ({
  ...found,
  models: models.map(({ paused, ...standing }) => ({
    ...standing,
    paused:
      paused === null
        ? null
        : { ...paused, since: isoTime(paused.since), until: isoTimeOrNull(paused.until) },
  })),
})
