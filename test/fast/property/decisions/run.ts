/**
 * Random runs by their numbers, for {@link file://./digests.txt}. They are thrown with dice of their own, so that they stay what they are when
 * the generators of properties come to know more. Change nothing here: a new field of a command belongs into properties and scenarios.
 */
import { type CommandBody, type Decision, hash, type Policy } from '../../../../src/engine/core/index.ts'
import type { Act, ScheduleWishes, Step, Wish } from '../../../support/commands.ts'
import { World } from '../../../support/simulate.ts'
import { Dice } from '../../sim/dice.ts'

/** How many there are. */
export const RUNS = 10_000

export const MODELS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
export const SCHEDULES = ['nightly', 'hourly', 'weekly']
/** One run in so many is long, for lines that are longer than any bound. */
const LONG_EACH = 50

/** What is decided in a run, one decision after the other. */
export function* decisionsOf(run: number): Generator<Decision> {
  const dice = new Dice('decisions', run)
  const world = new World()
  const isLong = run % LONG_EACH === LONG_EACH - 1
  const steps = isLong ? 200 : dice.whole(12, 36)
  const ids = isLong ? 150 : dice.whole(5, 30)
  yield world.play(stepOf(dice, { type: 'set_policy', policy: policyOf(dice) })).decision
  for (let i = 0; i < steps; i++) {
    yield dice.chance(0.04) ? plain(world, dice) : world.play(stepOf(dice, actOf(dice, ids))).decision
  }
}

/** Commands that no step stands for. */
export function plain(world: World, dice: Dice): Decision {
  const [job] = [...world.ledger.jobs].filter(({ active }) => active)
  const { jobId = 'j1', token = 1 } = job ?? {}
  const body = dice.pick<CommandBody>([
    { type: 'bypass', jobId: `j${dice.whole(0, 30)}`, jobType: 'normal' },
    { type: 'complete', jobId, token, committed: true },
    { type: 'release', jobId, token, reason: 'drained', runAt: null },
    { type: 'release', jobId, token, reason: 'unacknowledged', runAt: null },
    { type: 'fail', jobId, token, code: 'timed_out', retryAt: world.now + dice.whole(0, 2_000_000) },
    dice.chance(0.3) ? { type: 'recover' } : { type: 'resume' },
  ])
  const claim = dice.chance(0.5) ? { claim: { max: 2, kinds: null } } : {}
  const id = `p${world.ledger.version}`
  return world.run({ id, hash: hash(id), workerId: 'w0.0', body, ...claim }).decision
}

function stepOf(dice: Dice, act: Act): Step {
  const elapsed = dice.chance(0.6)
    ? dice.whole(0, 50_000)
    : dice.chance(0.6)
      ? dice.pick([0, 500_000, 2_000_000])
      : dice.whole(0, 5_000_000)
  const kinds = dice.pick([null, null, null, ['normal'], ['rare']])
  const claim = dice.chance(0.6) ? { max: dice.whole(0, 4), kinds } : null
  return { elapsed, worker: dice.whole(0, 99), claim, act }
}

const acts: readonly (readonly [weight: number, make: (dice: Dice, ids: number) => Act])[] = [
  [16, (dice, ids) => ({ type: 'enqueue', wishes: listOf(dice, 1, 3, () => wishOf(dice, ids)) })],
  [
    1,
    (dice) => ({ type: dice.pick(['enqueue_again', 'retry', 'unask', 'confirm_cancel']), ...pickOf(dice) }),
  ],
  [4, (dice, ids) => ({ type: 'ask', wish: wishOf(dice, ids), wait: dice.chance(0.5) })],
  [4, (dice) => ({ type: dice.pick(['ask_again', 'take_up']), ...pickOf(dice), wait: dice.chance(0.5) })],
  [22, (dice) => ({ type: dice.pick(['claim', 'claim', 'claim', 'tick']) })],
  [
    14,
    (dice) => ({ type: 'complete', ...pickOf(dice), token: dice.pick(['right', 'right', 'none', 'stale']) }),
  ],
  [4, (dice) => ({ type: 'fail', ...pickOf(dice), delayMs: delayOf(dice) })],
  [3, releaseOf],
  [2, (dice) => ({ type: 'detach', ...pickOf(dice), forMs: dice.whole(-50, 4_000) })],
  [4, (dice) => ({ type: 'cancel', ...pickOf(dice), force: dice.chance(0.5) })],
  [7, (dice) => ({ type: dice.pick(['die', 'expire_leases']) })],
  [2, (dice) => ({ type: 'reprioritize', ...pickOf(dice), priority: dice.whole(-3, 3) })],
  [2, (dice) => ({ type: 'move', ...pickOf(dice), before: dice.whole(0, 999) })],
  [2, (dice) => ({ type: 'pause_model', model: dice.pick(MODELS), forMs: delayOf(dice) })],
  [2, (dice) => ({ type: 'resume_model', model: dice.pick(MODELS) })],
  [2, (dice) => ({ type: 'set_policy', policy: policyOf(dice) })],
  [3, (dice) => ({ type: dice.pick(['drain', 'resume', 'resume', 'resume', 'resume']) })],
  [2, schedulesOf],
  [
    1,
    (dice) => ({
      type: dice.pick(['remove_schedule', 'pause_schedule', 'resume_schedule']),
      id: dice.pick(SCHEDULES),
    }),
  ],
  [4, (dice) => ({ type: 'fire', ...pickOf(dice), off: dice.chance(0.15) ? 1 : 0 })],
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

export function releaseOf(dice: Dice): Act {
  const models = dice.chance(0.3) ? modelsOf(dice) : null
  return { type: 'release', ...pickOf(dice), delayMs: delayOf(dice), models }
}

export function schedulesOf(dice: Dice): Act {
  const owner = dice.pick(['billing', 'reports'])
  const wishes = someOf(dice, SCHEDULES, 0, 2).map((id) => scheduleOf(dice, id))
  return { type: 'set_schedules', owner, revision: dice.pick([null, null, 1, 2, 3]), wishes }
}

const scheduleOf = (dice: Dice, id: string): ScheduleWishes => ({
  id,
  everyMs: dice.pick([100, 1_000, 1_000, 30_000]),
  inMs: dice.whole(-200_000, 2_000),
  upTo: dice.pick([0, 1, 1, 3]),
  withinMs: dice.pick([null, null, 150_000, 500]),
  overlap: dice.pick(['allow', 'skip', 'queueOne']),
  models: modelsOf(dice),
})

function wishOf(dice: Dice, ids: number): Wish {
  const wish: Wish = {
    id: dice.whole(0, ids - 1),
    kind: dice.pick(['normal', 'normal', 'normal', 'rare']),
    models: modelsOf(dice),
    priority: dice.pick([0, 0, 0, 1, 2, -1]),
    delayMs: dice.chance(0.2) ? dice.whole(-500, 2_000) : null,
    attempts: dice.whole(1, 3),
    expireMs: dice.chance(0.2) ? dice.whole(1, 3_000) : null,
    timeoutMs: dice.pick([60_000, 60_000, 60_000, 1_000, 1]),
    fairKey: dice.pick([null, null, 'k', 'l']),
    dedupe: dice.chance(0.15) ? dedupeOf(dice) : null,
    after: dice.chance(0.15) ? parentsOf(dice, ids) : [],
  }
  return dice.chance(0.1) ? { ...wish, ...{ once: 1_000, tag: 't' } } : wish
}

/** Neighbours: no job twice. */
export function parentsOf(dice: Dice, ids: number): Wish['after'] {
  const first = dice.whole(0, ids - 1)
  return listOf(dice, 1, 2, (i) => ({ id: (first + i) % ids, goesOn: dice.chance(0.3) }))
}

export function dedupeOf(dice: Dice): NonNullable<Wish['dedupe']> {
  const key = dice.pick(['x', 'y'])
  if (dice.chance(0.6)) return { key, while: dice.pick(['waiting', 'live', 1_500]) }
  return { key, while: dice.pick(['waiting', 'live']), debounce: { delay: 1_500, maxDelay: 4_000 } }
}

function modelsOf(dice: Dice): readonly string[] {
  if (dice.chance(0.08)) return []
  return dice.chance(0.7) ? someOf(dice, MODELS, 1, 2) : someOf(dice, MODELS, 1, MODELS.length)
}

function policyOf(dice: Dice): Policy {
  const byModel = <T>(names: readonly string[], most: number, value: () => T) =>
    Object.fromEntries(someOf(dice, names, 0, most).map((name) => [name, value()]))
  const policy: Policy = {
    maxActive: dice.pick([null, null, null, null, null, 1, 2, 3, 5]),
    capacity: byModel([...MODELS, '*'], 5, () => dice.whole(1, 4)),
    maxOvertakes: dice.pick([0, 0, 1, 1, 2, 3, null]),
    ageSeconds: dice.pick([60, 1, 0.25, null]),
    offerMs: dice.pick([2_000, 500, 0]),
    retentionDays: dice.pick([30, null]),
    archive: dice.pick(['keep', 'drop']),
    emptySet: dice.pick(['bypass', 'reject', 'exclusive']),
    holdAfterLossSeconds: byModel([...MODELS, '*'], 2, () => dice.whole(0, 3)),
    fairShare: dice.chance(0.4) ? fairShareOf(dice) : null,
    rate: dice.chance(0.3)
      ? byModel(MODELS, 2, () => ({ starts: dice.whole(1, 3), perSeconds: dice.pick([0.01, 1, 3, 10]) }))
      : {},
  }
  if (dice.chance(0.75)) return policy
  return { ...policy, models: Object.fromEntries(someOf(dice, MODELS, 4, 7).map((model) => [model, {}])) }
}

const fairShareOf = (dice: Dice): NonNullable<Policy['fairShare']> => ({
  spacingSeconds: dice.pick([0, 0, 0.25, 60]),
  maxWaiting: dice.pick([null, null, 2, 6]),
  maxActive: dice.pick([null, 1, 2]),
})

export const pickOf = (dice: Dice) => ({ pick: dice.whole(0, 999) })
export const delayOf = (dice: Dice) => (dice.chance(0.4) ? null : dice.whole(-500, 4_000))

export function listOf<T>(dice: Dice, least: number, most: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: dice.whole(least, most) }, (_, i) => make(i))
}

/** In the order of the list. */
export function someOf(dice: Dice, list: readonly string[], least: number, most: number): string[] {
  let left = dice.whole(least, Math.min(most, list.length))
  return list.filter((_, i) => {
    const takes = dice.chance(left / (list.length - i))
    if (takes) left--
    return takes
  })
}
