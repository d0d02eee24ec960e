import { describe, expect, it } from 'vitest'
import { bodyOf, isSameSpec } from '../../../src/engine/core/decide/same-job.ts'
import { type JobSpec, specDefaults } from '../../../src/engine/core/index.ts'

const usual: JobSpec = { jobId: 'a', jobType: 'normal', kind: 'normal', models: [], ...specDefaults }
const unusual: JobSpec = {
  jobId: 'a',
  jobType: 'workflow',
  kind: 'k',
  models: ['m', 'n'],
  priority: 5,
  runAt: 7,
  attempts: 2,
  timeoutMs: 5,
  expireMs: 7,
  fairKey: 'f',
  after: 3,
  tag: 't',
  whole: ['n'],
  asks: { m: { u: 1, a: 2 } },
  uses: { r: 1, b: 2 },
}

describe('two jobs under one id', () => {
  it('are told apart by every field that is compared', () => {
    for (const [name, value] of Object.entries(unusual).filter(([field]) => field !== 'jobId')) {
      const other = { ...usual, [name]: value }
      expect([name, isSameSpec(usual, other), bodyOf(usual) === bodyOf(other)]).toEqual([name, false, false])
    }
  })

  it('are the same whatever order amounts are named in, and for however long the id is taken', () => {
    const other = { ...unusual, asks: { m: { a: 2, u: 1 } }, uses: { b: 2, r: 1 }, once: 1_000 }
    expect(isSameSpec(unusual, other)).toBe(true)
    expect(bodyOf(unusual)).toBe(bodyOf(other))
  })

  it('have the hash that stores keep since the first release', () => {
    expect([bodyOf(usual), bodyOf(unusual)]).toEqual([1828201513075069, 2569169754801218])
  })
})
