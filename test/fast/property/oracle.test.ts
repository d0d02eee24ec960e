// Long, 76 s: thousands of random runs, beside a naive second core.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandResult } from '../../../src/engine/core/index.ts'
import { arbitraryRun, type Step } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { type Turn, World } from '../../support/simulate.ts'
import { startableIn } from './oracle/admission.ts'
import { judge, type Verdict } from './oracle/oracle.ts'
import { type Queue, queueOf } from './oracle/queue.ts'

/**
 * The core keeps trees and looks only where something changed; the oracle sorts and counts everything every time. Both
 * have to write the same events, in the same order, with the same offers, and give the same reasons.
 */
describe('the core against a naive second admission', () => {
  it(
    'starts, offers and refuses the same jobs in the same order',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120 }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(400) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where models have places, and places several models',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, places: true }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where batches are in places',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, places: true, batches: true }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(40) },
      )
    },
    PATIENCE,
  )

  it.each([
    ['', {}, 60],
    ['in batches', { batches: true }, 30],
    ['beside jobs that take models as a whole', { wholes: true }, 30],
    ['under limits by weight', { uses: true }, 30],
    ['in places', { places: true, batches: true }, 15],
    [
      'in places that they serve, of which some jobs take all',
      { places: true, serves: true, wholes: true },
      15,
    ],
    ['in places with units', { places: 'units' as const, serves: true }, 15],
    ['in places in turn', { places: true, weights: true, batches: true }, 15],
    ['in places with units in turn', { places: 'units' as const, weights: true, serves: true }, 15],
  ])(
    'does so where processes keep models loaded %s',
    (_, shape, numRuns) => {
      fc.assert(
        fc.property(arbitraryRun({ minLength: 60, maxLength: 120, warm: true, ...shape }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(numRuns) },
      )
    },
    PATIENCE,
  )

  it.each([
    ['where jobs take models as a whole', { wholes: true }, 100],
    ['where they take all places of some', { wholes: true, places: true }, 60],
    ['where others run in batches beside them', { wholes: true, places: true, batches: true }, 40],
  ])(
    'does so %s',
    (_, shape, numRuns) => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, ...shape }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(numRuns) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where places have units, of which jobs ask',
    () => {
      const shapes = fc.oneof(
        arbitraryRun({ maxLength: 120, places: 'units' }),
        arbitraryRun({ maxLength: 120, places: 'units', batches: true }),
      )
      fc.assert(
        fc.property(shapes, (steps) => {
          compare(steps)
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it.each([
    ['', true, 70],
    [', and some of it counts at the start', 'atStart' as const, 70],
  ])(
    'does so where jobs use what is limited%s',
    (_, uses, times) => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, uses }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(times) },
      )
    },
    PATIENCE,
  )

  it('knows a job that comes again, in whatever order it names what it uses', () => {
    const job = {
      id: 1,
      kind: 'normal',
      models: ['a'],
      priority: 0,
      delayMs: null,
      attempts: 1,
      expireMs: null,
    } as const
    const wish = { ...job, whole: 0, fairKey: null, dedupe: null, timeoutMs: 60_000, after: [] }
    const step = { elapsed: 1, worker: 0, claim: null }
    const coming = [
      { x: 1, y: 2 },
      { y: 2, x: 1 },
      { y: 2, x: 2 },
    ]
    compare(coming.map((uses) => ({ ...step, act: { type: 'enqueue', wishes: [{ ...wish, uses }] } })))
  })

  it(
    'does so where handlers add jobs, and jobs are cancelled with all that come after them',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, flows: true, ids: 60 }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where they do in places, and in batches',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, uses: true, places: true, batches: true }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(30) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where processes say which places they serve, come and go',
    () => {
      fc.assert(
        fc.property(
          fc.oneof(
            arbitraryRun({ maxLength: 120, places: true, serves: true }),
            arbitraryRun({ maxLength: 120, places: 'units', serves: true }),
          ),
          (steps) => {
            compare(steps)
          },
        ),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it.each([
    ['where keys are weighed by what they have used', { weights: true }, 100],
    ['where so are batches, and jobs that use resources', { weights: true, batches: true, uses: true }, 40],
    [
      'where so are jobs in places, some of which take all',
      { weights: true, places: true, wholes: true },
      40,
    ],
    ['where so are jobs that ask units', { weights: true, places: 'units' as const, flows: true }, 30],
    ['where so are they in processes that keep models loaded', { weights: true, warm: true }, 60],
  ])(
    'does so %s',
    (_, shape, numRuns) => {
      fc.assert(
        fc.property(arbitraryRun({ maxLength: 120, ...shape }), (steps) => {
          compare(steps)
        }),
        { numRuns: runs(numRuns) },
      )
    },
    PATIENCE,
  )

  it(
    'does so where rules have patterns of models',
    () => {
      const shapes = fc.oneof(
        arbitraryRun({ maxLength: 120, patterns: true }),
        arbitraryRun({ maxLength: 120, patterns: true, places: true, wholes: true }),
        arbitraryRun({ maxLength: 120, patterns: true, places: 'units', serves: true }),
        arbitraryRun({ maxLength: 120, patterns: true, warm: true }),
        arbitraryRun({ maxLength: 120, patterns: true, uses: true }),
      )
      fc.assert(
        fc.property(shapes, (steps) => {
          compare(steps)
        }),
        { numRuns: runs(60) },
      )
    },
    PATIENCE,
  )

  it(
    'does so over long runs with long lines',
    () => {
      fc.assert(
        fc.property(arbitraryRun({ minLength: 1_000, maxLength: 1_000, ids: 1_000 }), (steps) => {
          compare(steps)
        }),
        // A shorter run that fails is the business of the property above.
        { numRuns: runs(8), endOnFailure: true },
      )
    },
    PATIENCE,
  )
})

function compare(steps: readonly Step[]): void {
  const world = new World()
  let queue = queueOf(world.ledger)
  const check = (turn: Turn): void => {
    const judged = judge(queue, turn.command, turn.surroundings)
    expect(verdictOf(turn)).toEqual(judged.verdict)
    queue = judged.queue
  }
  for (const step of steps) {
    world.now += step.elapsed
    if (isOverdue(queue, world)) check(pollOf(world, step.worker % 4))
    check(world.act(step))
  }
}

const poll = { elapsed: 0, claim: { max: 1, kinds: null }, act: { type: 'claim' } } as const

/** A worker without work. Where others say what they serve, one that says nothing: it may take whatever somebody may. */
function pollOf(world: World, worker: number): Turn {
  const { servers, version } = world.ledger
  if (servers.length === 0) return world.act({ ...poll, worker })
  const { claim, act: body } = poll
  return world.run({ id: `p${version}`, hash: 0, workerId: 'poller', body, claim })
}

/**
 * Time alone makes a job startable when an offer ahead of it runs out. Commands that free something look only there;
 * it is the next worker without work that looks everywhere, so here one comes first.
 */
function isOverdue(queue: Queue, { now, dead }: World): boolean {
  return startableIn(queue, now, dead).length > 0
}

function verdictOf({ decision }: Turn): Verdict {
  const [result] = decision.results as [CommandResult]
  const waiting = result.ok ? result.waiting.map((w) => `${w.jobId}: ${w.code}, ${w.blockedBy}`) : []
  return { events: decision.events, refused: result.ok ? null : result.code, waiting }
}
