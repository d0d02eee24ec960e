import { describe, expect, it } from 'vitest'
import { jobLaw } from '../../../src/engine/core/fold/law/table.ts'
import { variants } from '../../../src/engine/core/fold/law/variant.ts'
import {
  endsAttempt,
  isDeath,
  outcomeOf,
  outcomes,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'

/** An event of this kind, of the attempt that runs. */
const eventOf = (variant: string): RecordedEvent =>
  ({
    type: variant.split(' ')[0],
    token: variant.includes('without attempt') ? null : 1,
    final: variant.includes('final'),
  }) as unknown as RecordedEvent

const moves = (['in_line', 'not_due', 'running', 'cancelling', 'detached'] as const).flatMap((from) =>
  variants.flatMap((variant) => {
    const to = jobLaw[from][variant]
    return to === undefined ? [] : [{ from, variant, to }]
  }),
)

/** In logs from before a job that was asked to stop was cancelled by an event of its own. */
const isOldCancel = (from: string, variant: string) =>
  from === 'cancelling' && variant === 'lease_expired final'

describe('what an event ends', () => {
  it.each(moves)('$variant of a job that is $from: the machine says the same', ({ from, variant, to }) => {
    const ended = outcomes.find((outcome) => outcome === to) ?? null
    expect(outcomeOf(eventOf(variant))).toBe(isOldCancel(from, variant) ? 'failed' : ended)
    expect(isDeath(eventOf(variant))).toBe(
      isOldCancel(from, variant) || ended === 'failed' || ended === 'expired',
    )
    const ran = ['running', 'cancelling', 'detached'].includes(from)
    const runs = ['running', 'cancelling', 'detached'].includes(to)
    if (ran) expect(endsAttempt(eventOf(variant))).toBe(!runs)
  })
})
