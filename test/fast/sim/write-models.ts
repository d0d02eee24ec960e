import { Dice } from './dice.ts'
import type { Act, Script, SimJob, SimMember, SimPolicy } from './script.ts'
import { SPAN_MS, scriptOf } from './write-script.ts'

type Timed = Act & { readonly at: number }

/** What a resource of the run allows at least: no job asks for more. */
const TOKENS = 1_000
const PLACES = ['h1:0', 'h1:1', 'h2:0']
/** What those need that come together. Those of `d`, `e` and `f`, which are names and no more, wait for slots. */
const SETS = [['a'], ['a'], ['b'], ['c'], ['d'], ['e'], ['f']]
const KEYS = ['paid/x', 'paid/y', 'free/x', 'free/y', 'own']

/**
 * The script of a seed, in which models are more than names: `a` and `b` have places, one of which they share and most of which have units;
 * `c` has a number of them. Jobs ask units, use tokens, take all of a model or give one back; processes serve some places; places are
 * paused, and the policy gives them more units and less. Fair keys have weights and tiers, and processes keep models loaded; while jobs wait, the
 * policy takes notice of these, or no longer.
 */
export function modelScript(seed: number): Script {
  const dice = new Dice(seed, 'models')
  const script = scriptOf(seed)
  const rules = { ...script.policy, ...rulesOf(dice) }
  const serving = dice.chance(0.5)
  const members = script.members.map((member) => ({
    ...member,
    ...(serving && { serves: servedBy(dice) }),
    ...(dice.chance(0.7) && { keeps: dice.whole(1, 3) }),
    ...(dice.chance(0.25) && { batch: dice.whole(2, 4) }),
  }))
  const together = Math.round(dice.between(100, SPAN_MS / 2))
  const more = Array.from({ length: dice.whole(3, 12) }, (_, i): SimJob => {
    return { id: `m${i}`, models: dice.pick(SETS), ms: dice.whole(10, 800), fails: 0 }
  })
  const jobs = [...script.jobs, ...more].map((job) => asking(dice, job, rules))
  const come = more.map((_, i): Timed => {
    const near = together + Math.round(dice.delay(100))
    return { do: 'enqueue', who: dice.whole(0, members.length - 1), job: script.jobs.length + i, at: near }
  })
  const acts = [...script.acts.map((act) => enqueued(act, jobs)), ...come, ...upon(dice, members, rules)]
  return {
    ...script,
    members,
    jobs,
    policy: rules,
    rescuer: { slots: 2, observes: false, ...(serving && { serves: ['*'] }) },
    acts: acts.toSorted((x, y) => x.at - y.at),
  }
}

function rulesOf(dice: Dice): SimPolicy {
  const window = { limit: dice.pick([TOKENS, TOKENS, 3 * TOKENS]), perSeconds: dice.pick([0.3, 1, 2]) }
  const longer = { limit: 4 * TOKENS, perSeconds: 4 }
  return {
    capacity: { a: PLACES, b: ['h1:1', 'h2:1'], c: 2 },
    units: unitsOf(dice),
    uses: { tokens: dice.chance(0.5) ? [window] : [window, longer] },
    rate: dice.chance(0.2) ? { a: { starts: 3, perSeconds: 1 } } : {},
    ...orderOf(dice),
  }
}

/** Which job goes first. Where nobody may be passed, no weights are allowed. */
function orderOf(dice: Dice): SimPolicy {
  const maxOvertakes = dice.pick([0, 2, 10, null])
  const weights = dice.pick([{ 'paid/*': 4, own: 2 }, { '*': 1 }])
  const tiers = { free: { maxActive: 1 }, paid: { maxActive: dice.pick([2, null]), maxTogether: 2 } }
  const warm = {
    ...{ maxPassed: dice.pick([1, 3, 20]), maxPassedSeconds: dice.pick([0.3, 2, 60]) },
    minLoadedSeconds: dice.pick([0, 0, 0.5]),
    loadSeconds: dice.pick([{}, { a: 12, b: 0, '*': 2 }]),
  }
  return {
    maxOvertakes,
    weights: maxOvertakes !== 0 && dice.chance(0.5) ? weights : null,
    tiers: dice.chance(0.3) ? tiers : null,
    warm: dice.chance(0.7) ? warm : null,
  }
}

/** At least one place of `a` has room for each ask. Those of `b` have no units: a job asks of one model. */
const unitsOf = (dice: Dice): NonNullable<SimPolicy['units']> =>
  dice.chance(0.2)
    ? {}
    : { 'h1:0': { vram: 24 }, 'h2:0': { vram: dice.pick([4, 8, 24]), ...(dice.chance(0.5) && { slots: 2 }) } }

const servedBy = (dice: Dice): readonly string[] =>
  dice.pick([['*'], ['h1:*'], ['h1:*'], ['h2:*'], ['h1:0', 'h2:0'], ['h1:1']])

/** Steps of workflows need their models as they are. */
function asking(dice: Dice, job: SimJob, { units }: SimPolicy): SimJob {
  const { models } = job
  const uses = dice.chance(0.6) ? { tokens: dice.whole(1, TOKENS) } : undefined
  const used =
    uses && dice.chance(0.6) ? { tokens: Math.round(uses.tokens * dice.between(0, 1.5)) } : undefined
  const vram = dice.pick([2, 4, 8, 12, 20, 24])
  const kind = dice.pick(['plain', 'asks', 'asks', 'whole', 'gives'] as const)
  const fairKey = dice.chance(0.5) ? dice.pick(KEYS) : undefined
  const whole = dice.pick(models)
  if (job.steps !== undefined) return job
  return {
    ...job,
    ...(fairKey && { fairKey }),
    ...(uses && { uses }),
    ...(used && { used }),
    ...(kind === 'asks' && models.includes('a') && units?.['h1:0'] && { asks: { a: { vram } } }),
    ...(kind === 'whole' && { modes: { [whole]: 'exclusive' as const } }),
    ...(kind === 'gives' && models.length > 1 && { gives: true as const }),
  }
}

/** At the gate nothing is asked of a place, and nobody has a fair key. */
function enqueued(act: Timed, jobs: readonly SimJob[]): Timed {
  if (act.do !== 'gate') return act
  const { asks, fairKey } = jobs[act.job] ?? {}
  if (asks === undefined && fairKey === undefined) return act
  return { do: 'enqueue', who: act.who, job: act.job, at: act.at }
}

function upon(dice: Dice, members: readonly SimMember[], rules: SimPolicy): readonly Timed[] {
  const at = () => Math.round(dice.between(150, SPAN_MS))
  const pauses = Array.from({ length: dice.whole(0, 4) }, (): Timed => {
    const [who, model] = [dice.whole(0, members.length - 1), dice.pick([...PLACES, 'h2:1', 'a', 'c'])]
    return { do: 'pause', who, model, ms: Math.round(dice.between(50, 3_000)), at: at() }
  })
  if (dice.chance(0.6)) return pauses
  const changes = Array.from({ length: dice.whole(1, 3) }, (): Timed => {
    return { do: 'policy', policy: { ...rules, ...changed(dice) }, at: at() }
  })
  return [...pauses, ...changes]
}

const changed = (dice: Dice): SimPolicy =>
  dice.pick([
    { units: { 'h1:0': { vram: dice.pick([2, 12, 48]) } } },
    { units: null },
    { uses: { tokens: { limit: dice.pick([500, 5 * TOKENS]), perSeconds: dice.pick([0.3, 3]) } } },
    { capacity: { a: ['h1:1', 'h2:0'], b: ['h1:1'], c: 1 } },
    { capacity: { a: [...PLACES, 'h2:1'], b: ['h2:1', 'h1:0'], c: 3 } },
    { capacity: { a: 2, b: ['h1:1', 'h2:1'], c: ['h1:0', 'h2:1'] } },
    ...[orderOf(dice), orderOf(dice), orderOf(dice)],
  ])
