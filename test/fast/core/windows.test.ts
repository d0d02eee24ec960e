import { describe, expect, it } from 'vitest'
import {
  evolve,
  isStartable,
  MICROS_PER_SECOND,
  nextOpeningAt,
  type RecordedEvent,
} from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const all = { claim: { max: 9, kinds: null } }
const rules = { maxActive: null, capacity: { a: 9 } }
const timeOf = (queue: Scenario, type: RecordedEvent['type']) =>
  queue.log.find((event) => event.type === type)?.at ?? 0

/** What a start, or an end, of the first job takes of a window, and from when on. */
const windows: Readonly<
  Record<string, (perSeconds: number) => { readonly queue: Scenario; readonly from: RecordedEvent['type'] }>
> = {
  'of a rate': (perSeconds: number) => ({
    queue: given({ ...rules, rate: { a: { starts: 1, perSeconds } } }),
    from: 'started',
  }),
  'of what was used': (perSeconds: number) => ({
    queue: given({ ...rules, uses: { tpm: { limit: 1, perSeconds } } }),
    from: 'completed',
  }),
  'of what counts at the start': (perSeconds: number) => ({
    queue: given({ ...rules, uses: { tpm: { limit: 1, perSeconds, counted: 'atStart' } } }),
    from: 'started',
  }),
}

describe.each(Object.entries(windows))('a window %s', (_, make) => {
  it.each([1, 0.3])('of %d s has both of its ends, to the microsecond', (perSeconds) => {
    const { queue, from } = make(perSeconds)
    queue.enqueue('A', ['a'], { uses: { tpm: 1 } }, all)
    queue.complete('A')
    queue.enqueue('B', ['a'], { uses: { tpm: 1 } })
    const last = timeOf(queue, from) + Math.ceil(perSeconds * MICROS_PER_SECOND)
    const { ledger, log } = queue
    const job = queue.job('B')
    if (job === undefined) throw new Error('B waits')
    const mayStart = (at: number) => isStartable(ledger, job, at)
    expect([mayStart(last), mayStart(last + 1), nextOpeningAt(ledger, 0)]).toEqual([false, true, last + 1])

    const startAt = (at: number) =>
      ({
        ...log.find(({ type }) => type === 'started'),
        ...{ jobId: 'B', seq: ledger.version + 1, at },
      }) as RecordedEvent
    const isLegal = (at: number) => {
      const { violations } = audit([...log, startAt(at)])
      return violations.length === 0
    }
    expect([isLegal(last), isLegal(last + 1)]).toEqual([false, true])
    expect(() => evolve(ledger, startAt(last))).toThrow(/rate|limit|use/)
    expect(evolve(ledger, startAt(last + 1)).active.size).toBe(1)
  })
})
