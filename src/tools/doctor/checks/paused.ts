import { operand } from '../../../engine/core/index.ts'
import { timeText } from '../../format/index.ts'
import { pausedText } from '../../history/parts.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note } from '../finding.ts'

const SHOWN = 10

/** Paused models: usually meant, sometimes forgotten. */
export function checkPaused({ drift }: Facts): Finding[] {
  const paused = drift.paused ?? []
  const found = paused
    .slice(0, SHOWN)
    .map((pause) =>
      note(
        'paused',
        `model ${pausedText(pause)}; paused since ${timeText(pause.since)}`,
        `interlock resume ${operand(pause.model)}`,
      ),
    )
  if (paused.length <= SHOWN) return found
  return [...found, note('paused', `${paused.length - SHOWN} models more are paused`, 'interlock status')]
}
