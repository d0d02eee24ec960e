// Slow: flows of 10,000 jobs.
import { describe, expect, it } from 'vitest'
import { nextTickAt, replay } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { type Flow, flowOf, readBack } from '../../fast/core/flow.ts'

describe('a flow of 10,000', () => {
  const many = Array.from({ length: 9_999 }, (_, i) => `p${i}`)

  /** Every append that is still to come, as ticks make them. */
  function settled(flow: Flow): readonly number[] {
    const sizes: number[] = []
    while (nextTickAt(flow.ledger) === flow.ledger.lastAt)
      sizes.push(flow.send({ type: 'tick' }).events.length)
    return sizes
  }

  it('is fanned out in parts of bounded size, and a crash between them loses nothing', () => {
    const flow = flowOf(
      { jobId: 'root' },
      ...many.map((jobId) => ({ jobId, models: ['m'], after: ['root'] })),
    )
    const first = flow.end('root', 'complete').events.length
    const kept = readBack(flow.ledger)
    expect(replay(flow.log).settled.size).toBe(flow.ledger.settled.size)
    flow.ledger = kept
    const sizes = settled(flow)
    expect(Math.max(first, ...sizes)).toBeLessThanOrEqual(1_002)
    expect(sizes.length).toBeGreaterThan(10)
    expect(flow.ledger.line.size).toBe(9_999)
    expect(audit(flow.log).violations).toEqual([])
  })

  it('fails in parts of bounded size', () => {
    const flow = flowOf(
      { jobId: 'root' },
      ...many.map((jobId) => ({ jobId, models: ['m'], after: ['root'] })),
    )
    flow.end('root', 'fail')
    expect(Math.max(...settled(flow))).toBeLessThanOrEqual(1_002)
    expect(flow.ledger.jobs.size + flow.ledger.flows.size + flow.ledger.propagating.size).toBe(0)
    expect(audit(flow.log)).toMatchObject({ violations: [], failed: 10_000 })
  })

  it('is fanned in: the last of them releases it', () => {
    const flow = flowOf(...many.map((jobId) => ({ jobId })), { jobId: 'all', after: many })
    expect(flow.log.filter(({ type }) => type === 'linked')).toHaveLength(20)
    const ends = many.map((jobId) => flow.end(jobId, 'complete').events)
    expect(ends.filter((events) => events.some(({ type }) => type === 'released'))).toEqual([ends.at(-1)])
    expect(audit(flow.log).violations).toEqual([])
  })
})
