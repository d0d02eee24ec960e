import { expect, it } from 'vitest'
import { PATIENCE } from '../support/runs.ts'
import { digestOf, keptDigests } from './decisions/digests.ts'

it(
  'each of 10,000 runs decides as it did when its digest was written',
  () => {
    const others = keptDigests().flatMap((digest, run) => (digestOf(run) === digest ? [] : [run]))
    expect(others.slice(0, 10), `runs that decide differently: ${others.length}, the first ones`).toEqual([])
  },
  PATIENCE,
)
