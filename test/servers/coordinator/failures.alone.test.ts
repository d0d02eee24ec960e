import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Failures } from '../../../src/engine/coordinator/membership/failures.ts'
import { type ErrorDetails, InterlockError } from '../../../src/engine/core/index.ts'
import { keepingLogger } from './support.ts'

function failures() {
  const logger = keepingLogger()
  const { lines } = logger
  return { lines, failures: new Failures(logger, { error: undefined, see: () => {} }) }
}

type Away = 'store_unavailable' | 'store_unwritable'

const failure = (text: string, code: Away = 'store_unavailable', details: ErrorDetails[Away] = {}) =>
  new InterlockError(code, text, details)

describe('what is logged of a fail-over', () => {
  it('is one line for each cause, however many calls fail in however many words, and one when it is over', () => {
    const { lines, failures: noted } = failures()
    for (let n = 0; n < 100; n++) {
      noted.note(failure(`connect ECONNREFUSED, for the ${n}th time`), 'beat')
      noted.note(
        failure('the database system is shutting down', 'store_unavailable', { sqlstate: '57P03' }),
        'write',
      )
      noted.note(failure('no server takes writes now', 'store_unavailable', { cause: 'no_primary' }))
      noted.note(
        failure(`cannot execute UPDATE number ${n}`, 'store_unwritable', { sqlstate: '25006' }),
        'write',
      )
    }
    expect(lines).toEqual([
      '[COORDINATOR] connect ECONNREFUSED, for the 0th time',
      '[COORDINATOR] no server takes writes now',
      '[COORDINATOR] cannot execute UPDATE number 0',
    ])
    noted.wentWell('read')
    noted.beatWentWell()
    noted.wentWell('write')
    expect(lines.slice(3)).toEqual([
      expect.stringMatching(/^\[COORDINATOR\] The database is back after [\d.]+ s$/),
    ])
  })

  it('keeps apart what people mend in different ways', () => {
    const { lines, failures: noted } = failures()
    for (const sqlstate of ['28P01', '3D000', '53300', '28P01'])
      noted.note(failure(sqlstate, 'store_unavailable', { sqlstate }))
    expect(lines).toHaveLength(3)
  })

  it('says nothing of the end of a short one whose beginning it has not told', () => {
    const { lines, failures: noted } = failures()
    noted.note(failure('away'), 'beat')
    noted.beatWentWell()
    noted.note(failure('away'), 'beat')
    noted.beatWentWell()
    expect(lines).toHaveLength(2)
  })

  it('says how long an outage took also when another one had the line of that minute', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { lines, failures: noted } = failures()
    const back = [4_000, 19_000].map((ms) => {
      noted.note(failure('away'), 'beat')
      vi.advanceTimersByTime(ms)
      noted.beatWentWell()
      return lines.at(-1)
    })
    expect(lines).toHaveLength(3)
    expect(back).toEqual(['4', '19'].map((s) => `[COORDINATOR] The database is back after ${s} s`))
  })

  it('says nothing of commands that came before the process has joined', () => {
    const { lines, failures: noted } = failures()
    noted.noteOfCommand(
      failure('the database has not been reached yet', 'store_unavailable', { cause: 'not_joined' }),
    )
    expect([lines, noted.text]).toEqual([[], null])
  })
})
