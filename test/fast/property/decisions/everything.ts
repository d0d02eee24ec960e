/**
 * Random runs with everything on: places with units, models that are taken whole, uses, weights, tiers, loaded models, batches, processes that
 * say which places they serve, early releases. For {@link file://./everything.txt} and {@link file://./snapshots.txt}; as in `run.ts`,
 * change nothing here.
 */
import type { Claim, Decision, Policy, Uses } from '../../../../src/engine/core/index.ts'
import type { Act, Step, Wish } from '../../../support/commands.ts'
import { World } from '../../../support/simulate.ts'
import { Dice } from '../../sim/dice.ts'
import {
  dedupeOf,
  delayOf,
  listOf,
  MODELS,
  parentsOf,
  pickOf,
  plain,
  releaseOf,
  SCHEDULES,
  schedulesOf,
  someOf,
} from './run.ts'

const PLACES = ['p', 'q', 'r', 's', 't']
/** What a job needs: `a`, `b` and `c` have places with units, `d` places without, `e` a number, and the others one each. */
const NEEDS = ['a', 'a', 'b', 'b', 'c', 'a e', 'b f e', 'd', 'd a', 'e', 'a b', 'f', 'g']
const RIGHT = ['right', 'right', 'right', 'stale'] as const
/** One run in so many is long. */
const LONG_EACH = 250

/** What is decided in a run, one decision after the other. */
export function* everythingOf(run: number): Generator<Decision> {
  const dice = new Dice('everything', run)
  const world = new World()
  const isLong = run % LONG_EACH === LONG_EACH - 1
  const steps = isLong ? 100 : dice.whole(8, 16)
  const ids = isLong ? 100 : dice.whole(12, 40)
  yield world.play(stepOf(dice, { type: 'set_policy', policy: policyOf(dice) })).decision
  for (let i = 0; i < steps; i++)
    yield dice.chance(0.03) ? plain(world, dice) : world.play(stepOf(dice, actOf(dice, ids))).decision
}

function stepOf(dice: Dice, act: Act): Step {
  const elapsed = dice.chance(0.6) ? dice.whole(0, 50_000) : dice.pick([0, 500_000, 2_000_000, 4_700_000])
  return { elapsed, worker: dice.whole(0, 99), claim: dice.chance(0.6) ? claimOf(dice) : null, act }
}

function claimOf(dice: Dice): Claim {
  return {
    max: dice.pick([0, 1, 1, 1, 2, 4]),
    kinds: dice.pick([null, null, null, ['normal'], ['rare']]),
    ...(dice.chance(0.3) ? { batches: [{ kind: dice.pick(['normal', '*']), size: dice.whole(2, 4) }] } : {}),
    ...(dice.chance(0.4)
      ? { serves: dice.pick([['*'], ['*'], ['p', 'q', 'x'], ['r*', 's', 't', 'y']]) }
      : {}),
    ...(dice.chance(0.7) ? { keeps: dice.whole(1, 2) } : {}),
  }
}

const acts: readonly (readonly [weight: number, make: (dice: Dice, ids: number) => Act])[] = [
  [22, (dice, ids) => ({ type: 'enqueue', wishes: listOf(dice, 2, 6, () => wishOf(dice, ids)) })],
  [
    1,
    (dice) => ({ type: dice.pick(['enqueue_again', 'retry', 'unask', 'confirm_cancel']), ...pickOf(dice) }),
  ],
  [3, (dice, ids) => ({ type: 'ask', wish: wishOf(dice, ids), wait: dice.chance(0.5) })],
  [2, (dice) => ({ type: dice.pick(['ask_again', 'take_up']), ...pickOf(dice), wait: dice.chance(0.5) })],
  [20, (dice) => ({ type: dice.pick(['claim', 'claim', 'claim', 'tick']) })],
  [16, (dice) => ({ type: 'complete', ...pickOf(dice), token: dice.pick(RIGHT), ...usedOf(dice) })],
  [3, (dice) => ({ type: 'fail', ...pickOf(dice), delayMs: delayOf(dice), ...usedOf(dice) })],
  [6, (dice) => ({ type: 'done', ...pickOf(dice), nth: dice.whole(0, 3), token: dice.pick(RIGHT) })],
  [3, releaseOf],
  [1, (dice) => ({ type: 'detach', ...pickOf(dice), forMs: dice.whole(-50, 4_000) })],
  [
    4,
    (dice) => ({ type: 'cancel', ...pickOf(dice), force: dice.chance(0.5), descendants: dice.chance(0.3) }),
  ],
  [2, addOf],
  [6, (dice) => ({ type: dice.pick(['die', 'leave', 'expire_leases', 'expire_leases']) })],
  [2, (dice) => ({ type: 'reprioritize', ...pickOf(dice), priority: dice.whole(-3, 3) })],
  [2, (dice) => ({ type: 'move', ...pickOf(dice), before: dice.whole(0, 999) })],
  [3, (dice) => ({ type: 'pause_model', model: dice.pick([...MODELS, ...PLACES]), forMs: delayOf(dice) })],
  [4, (dice) => ({ type: 'resume_model', model: dice.pick([...MODELS, ...PLACES]) })],
  [2, (dice) => ({ type: 'set_policy', policy: policyOf(dice) })],
  [2, (dice) => ({ type: dice.pick(['drain', 'resume', 'resume', 'resume', 'resume', 'resume', 'resume']) })],
  [1, schedulesOf],
  [1, (dice) => ({ type: dice.pick(['pause_schedule', 'resume_schedule']), id: dice.pick(SCHEDULES) })],
  [2, (dice) => ({ type: 'fire', ...pickOf(dice), off: 0 })],
]
const WEIGHT = acts.reduce((sum, [weight]) => sum + weight, 0)

function actOf(dice: Dice, ids: number): Act {
  let left = dice.between(0, WEIGHT)
  const found = acts.find(([weight]) => {
    left -= weight
    return left < 0
  })
  return found === undefined ? { type: 'tick' } : found[1](dice, ids)
}

function addOf(dice: Dice, ids: number): Act {
  return { type: 'add', ...pickOf(dice), token: dice.pick(RIGHT), wishes: [wishOf(dice, ids)] }
}

const usedOf = (dice: Dice): { readonly used?: Uses } =>
  dice.chance(0.4) ? { used: amountsOf(dice, 0, 6) } : {}

const amountsOf = (dice: Dice, least: number, most: number): Uses =>
  Object.fromEntries(someOf(dice, ['x', 'y'], 1, 2).map((name) => [name, dice.whole(least, most)]))

function wishOf(dice: Dice, ids: number): Wish {
  const models = dice.pick(NEEDS).split(' ')
  const placed = models.find((name) => name < 'd')
  const asks = placed !== undefined && dice.chance(0.7) ? { [placed]: unitsOf(dice, 1, 4) } : undefined
  return {
    id: dice.whole(0, ids - 1),
    kind: dice.pick(['normal', 'normal', 'normal', 'rare']),
    models,
    ...(asks === undefined ? { whole: dice.pick([0, 0, 0, 1]) } : { asks }),
    ...(dice.chance(0.5) ? { uses: amountsOf(dice, 1, 4) } : {}),
    priority: dice.pick([0, 0, 0, 1, 2, -1]),
    delayMs: dice.chance(0.1) ? dice.whole(-500, 2_000) : null,
    attempts: dice.whole(1, 3),
    expireMs: dice.chance(0.1) ? dice.whole(1, 3_000) : null,
    timeoutMs: dice.pick([60_000, 60_000, 60_000, 1_000]),
    fairKey: dice.pick([null, 'k', 'l', 'm', 'free/a', 'free/b']),
    dedupe: dice.chance(0.08) ? dedupeOf(dice) : null,
    after: dice.chance(0.02) ? parentsOf(dice, ids) : [],
  }
}

const unitsOf = (dice: Dice, least: number, most: number) =>
  dice.chance(0.5) ? { u: dice.whole(least, most) } : { u: dice.whole(least, most), v: dice.pick([1, 1, 2]) }

function policyOf(dice: Dice): Policy {
  const places = () => someOf(dice, PLACES, 1, 4)
  const some = <T>(names: readonly string[], least: number, value: () => T) =>
    Object.fromEntries(someOf(dice, names, least, names.length).map((name) => [name, value()]))
  return {
    maxActive: dice.pick([null, null, null, 3, 5]),
    capacity: { a: places(), b: places(), c: places(), d: ['x', 'y'], e: 2, ...some(['*'], 0, () => 2) },
    units: some(PLACES, 3, () => ({ u: dice.whole(4, 9), v: dice.whole(1, 3) })),
    maxOvertakes: dice.pick([0, 1, 2, 5, 20, null]),
    ageSeconds: dice.pick([60, 1, null]),
    offerMs: dice.pick([2_000, 500, 0]),
    retentionDays: 30,
    archive: 'keep',
    emptySet: dice.pick(['bypass', 'exclusive']),
    holdAfterLossSeconds: some(['a', 'd', 'g'], 0, () => dice.whole(0, 2)),
    fairShare: dice.pick([null, { spacingSeconds: dice.pick([0, 0.25]), maxWaiting: null, maxActive: 2 }]),
    rate: dice.chance(0.3) ? some(['a', 'e'], 1, () => ({ starts: 2, perSeconds: dice.pick([1, 3]) })) : {},
    uses: { x: windowOf(dice), y: [windowOf(dice), { limit: 9, perSeconds: 20 }] },
    weights: some(['k', 'l', 'free/*', '*'], 0, () => dice.whole(1, 5)),
    tiers: { free: { maxActive: dice.pick([null, 1, 2]), maxTogether: dice.pick([null, 1, 3]) } },
    ...(dice.chance(0.8) ? { warm: warmOf(dice) } : {}),
  }
}

function windowOf(dice: Dice) {
  const window = { limit: dice.whole(5, 9), perSeconds: dice.pick([0.05, 1, 3]) }
  return dice.chance(0.4) ? { ...window, counted: 'atStart' as const } : window
}

const warmOf = (dice: Dice): NonNullable<Policy['warm']> => ({
  maxPassed: dice.pick([1, 2, 3, 16]),
  maxPassedSeconds: dice.pick([1, 5, 60]),
  minLoadedSeconds: dice.pick([0, 0, 1]),
  loadSeconds: dice.pick([{}, { a: 5, '*': 2 }, { a: 12, b: 0, c: 3 }]),
})
