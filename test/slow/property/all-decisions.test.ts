// Slow, 64 s: all of 20,000 stored runs.
import { expect, it } from 'vitest'
import { differing, kinds, type RunKind } from '../../fast/property/decisions/digests.ts'
import { PATIENCE } from '../../support/runs.ts'

it.each(Object.keys(kinds) as RunKind[])(
  'each of 10,000 runs %s comes to what it did when its digest was written',
  (kind) => {
    const others = differing(kind, 1)
    expect(others.slice(0, 10), `runs that differ: ${others.length}, the first ones`).toEqual([])
  },
  PATIENCE,
)
