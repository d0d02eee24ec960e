import { overlapRules } from '../../../src/engine/core/index.ts'
import type { EnqueueInput } from '../../../src/engine/events/index.ts'
import { Dice } from './dice.ts'
import type { Act, Script, SimJob, SimMember, SimSchedule, Slow } from './script.ts'

const MODELS = ['a', 'b', 'c', 'd']
/** When the last act begins, at the latest. */
export const SPAN_MS = 6_000

/** The script that a seed stands for. */
export function scriptOf(seed: number): Script {
  const dice = new Dice(seed, 'script')
  const members = Array.from({ length: dice.whole(1, 3) }, () => memberOf(dice))
  if (members.every(({ slots }) => slots === 0)) members.push({ slots: 2, observes: false })
  const models = MODELS.slice(0, dice.whole(1, MODELS.length))
  const jobs = Array.from({ length: dice.whole(3, 10) }, (_, i) => jobOf(dice, i, models))
  const calm = dice.chance(0.3)
  const part = (most: number) => (calm || dice.chance(0.4) ? 0 : dice.between(0, most))
  const network = {
    delay: dice.pick([0.5, 3, 3, 15, 60]),
    ...{ lost: part(0.1), unanswered: part(0.15), doubled: part(0.1) },
    deaf: dice.pick([0, 0, 0.3, 1]),
  }
  const policy = {
    maxActive: dice.pick([null, null, null, 2]),
    maxOvertakes: dice.pick([0, 0, 0, 3, null]),
  }
  const failing = failOvers(seed, members)
  const acts = [...asks(dice, members, jobs), ...(calm ? [] : faults(dice, members)), ...failing]
  const combines = dice.chance(0.7)
  return {
    ...{ seed, members, network: { ...network, combines }, policy },
    jobs: failing.length === 0 ? jobs : jobs.map((job) => longer(job, seed)),
    acts: acts.toSorted((x, y) => x.at - y.at),
  }
}

/** The same with schedules, which releases of a service declare one after the other, and with jobs that wait for the last of their key. */
export function scheduledScript(seed: number): Script {
  const script = scriptOf(seed)
  const dice = new Dice(seed, 'schedules')
  const schedules = Array.from({ length: dice.whole(1, 3) }, (_, i): SimSchedule => {
    const [every, overlap] = [dice.pick(['1s', '2s'] as const), dice.pick(overlapRules)]
    return { id: `s${i}`, every, model: dice.pick(MODELS), overlap, ms: Math.round(dice.delay(40)) }
  })
  const dedupe = { key: 'd', while: 'waiting', debounce: { delay: '1s', maxDelay: '3s' } } as const
  const at = () => Math.round(dice.between(100, SPAN_MS))
  const times = Array.from({ length: dice.whole(2, 6) }, at).toSorted((x, y) => x - y)
  const releases = times.map((at, i): Timed => {
    return { do: 'declare', who: dice.whole(0, script.members.length - 1), revision: i + 1, at }
  })
  // Who asks for a job at the gate asks for another one than that which waits for the last of its key.
  const asked = script.acts.map((act): Timed => {
    if (act.do !== 'gate' || act.job % 2 === 1) return act
    return { do: 'enqueue', who: act.who, job: act.job, at: act.at }
  })
  const isGated = (i: number) => asked.some((act) => 'job' in act && act.job === i && act.do !== 'enqueue')
  const jobs = script.jobs.map((job, i) => (isGated(i) ? job : { ...job, dedupe }))
  return { ...script, jobs, schedules, acts: [...asked, ...releases].toSorted((x, y) => x.at - y.at) }
}

function memberOf(dice: Dice): SimMember {
  return { slots: dice.pick([0, 1, 2, 2, 3]), observes: dice.chance(0.3) }
}

/** How some jobs of a run have the one key that they share. */
const keys: Readonly<Record<number, Pick<NonNullable<EnqueueInput['dedupe']>, 'while'>>> = {
  1: { while: { within: '60s' } },
  2: { while: 'live' },
  4: { while: 'waiting' },
}

function jobOf(dice: Dice, i: number, models: readonly string[]): SimJob {
  const ms = Math.round(dice.delay(dice.pick([5, 60, 300])))
  const fails = dice.chance(0.1) ? 1 : 0
  if (dice.chance(0.5)) {
    const needed = models.filter(() => dice.chance(0.4))
    const job = { id: `j${i}`, models: needed.length === 0 ? [dice.pick(models)] : needed, ms, fails }
    const rule = keys[i % 6]
    return rule === undefined ? job : { ...job, dedupe: { key: 'k', ...rule } }
  }
  const steps = Array.from({ length: dice.whole(1, 3) }, () => dice.pick(models))
  return {
    id: `w${i}`,
    models: [...new Set(steps)],
    ms,
    fails,
    steps,
    hold: dice.pick(['all', 'all', 'step']),
  }
}

type Timed = Act & { readonly at: number }

function asks(dice: Dice, members: readonly SimMember[], jobs: readonly SimJob[]): Timed[] {
  const who = () => dice.whole(0, members.length - 1)
  const at = () => Math.round(dice.between(100, SPAN_MS))
  return jobs.flatMap((job, number): Timed[] => {
    const times = dice.pick([1, 1, 1, 2, 3])
    const first = at()
    const near = () => first + Math.round(dice.delay(dice.pick([5, 100, 600])))
    const all = Array.from({ length: times }, (): Timed => {
      const by = { who: who(), job: number, at: near() }
      if (job.steps !== undefined) return { do: 'execute', wait: dice.chance(0.85), ...by }
      if (dice.chance(0.5)) return { do: 'enqueue', ...by }
      const impatient = dice.chance(0.2) ? { patience: Math.round(dice.delay(400)) } : {}
      return { do: 'gate', wait: dice.chance(0.8), ...impatient, ...by }
    })
    if (dice.chance(0.06)) all.push({ do: 'cancel', who: who(), job: number, at: near() })
    return all
  })
}

function faults(dice: Dice, members: readonly SimMember[]): Timed[] {
  const all = Array.from({ length: dice.whole(0, 5) }, (): Timed => {
    const on = { who: dice.whole(0, members.length - 1), at: Math.round(dice.between(200, SPAN_MS + 1_000)) }
    const ms = Math.round(dice.between(50, dice.pick([600, 3_000, 8_000])))
    return {
      do: dice.pick(['kill', 'kill', 'close', 'cut', 'cut', 'block', 'block', 'mute'] as const),
      ms,
      ...on,
    }
  })
  if (dice.chance(0.12)) {
    all.push({
      do: 'restore',
      ms: Math.round(dice.between(50, 2_500)),
      at: Math.round(dice.between(300, 4_000)),
    })
  }
  return all
}

/** Long enough that its handler runs while one server follows the other. */
function longer(job: SimJob, seed: number): SimJob {
  const dice = new Dice(seed, `longer ${job.id}`)
  return job.steps !== undefined || dice.chance(0.6)
    ? job
    : { ...job, ms: Math.round(dice.between(1_000, 5_000)) }
}

/** Often one process cannot reach the next server either: it has to stop by its own clock before others get its jobs. */
function failOvers(seed: number, members: readonly SimMember[]): Timed[] {
  const dice = new Dice(seed, 'fail-over')
  return Array.from({ length: dice.pick([0, 0, 0, 1, 1, 2]) }, (): readonly Timed[] => {
    const at = Math.round(dice.between(300, SPAN_MS))
    const lag = dice.chance(0.4) ? 0 : Math.round(dice.between(300, 2_000))
    const ms = Math.round(dice.between(20, dice.pick([300, 1_500, 5_000])))
    const skew = dice.chance(0.4) ? 0 : Math.round(dice.between(-1_500, 3_000))
    const failOver: Timed = { do: 'fail_over', ms, lag, skew, at }
    if (dice.chance(0.3)) return [failOver]
    const cutAt = at + lag - Math.round(dice.between(0, 200))
    const cutMs = Math.round(ms + dice.between(1_000, 5_000))
    return [failOver, { do: 'cut', who: dice.whole(0, members.length - 1), ms: cutMs, at: cutAt }]
  }).flat()
}

/**
 * The script of a seed, with handlers that take several jobs at once, in two processes or more. Jobs need few sets of models, and most come at
 * one time, with others for two sets that are free of each other.
 */
export function batchScript(seed: number): Script {
  const dice = new Dice(seed, 'batches')
  const script = scriptOf(seed)
  const together = Math.round(dice.between(100, SPAN_MS / 2))
  const members = [...script.members, { slots: 1, observes: false }].map((member) => ({
    ...member,
    slots: Math.min(member.slots, 1),
    batch: dice.whole(2, 5),
  }))
  const alike = Array.from({ length: dice.whole(6, 14) }, (_, i): SimJob => {
    return {
      id: `b${i}`,
      models: [i % 2 === 0 ? 'b' : 'c'],
      ms: dice.whole(20, 400),
      fails: i % 7 === 6 ? 1 : 0,
    }
  })
  const jobs = script.jobs.map((job) =>
    job.steps === undefined ? { ...job, models: dice.pick([['a'], ['a'], ['a', 'b']]) } : job,
  )
  const acts = script.acts.map((act) =>
    (act.do === 'enqueue' || act.do === 'gate') && dice.chance(0.8)
      ? { do: 'enqueue' as const, who: act.who, job: act.job, at: together }
      : act,
  )
  const asked = alike.map((_, i): Timed => {
    return { do: 'enqueue', who: dice.whole(0, members.length - 1), job: jobs.length + i, at: together }
  })
  return {
    ...script,
    members,
    jobs: [...jobs, ...alike],
    acts: [...acts, ...asked].toSorted((x, y) => x.at - y.at),
  }
}

/** The script of a seed, in which jobs of one piece need several models and give one of them back half-way. */
export function earlyScript(seed: number): Script {
  const script = scriptOf(seed)
  const several = (models: readonly string[]) => [...new Set(['a', ...models, 'b'])]
  return {
    ...script,
    jobs: script.jobs.map((job) =>
      job.steps === undefined ? { ...job, models: several(job.models), gives: true as const } : job,
    ),
  }
}

/**
 * A script about nothing else: the process that runs the one long job may be cut off while a server takes over that lacks beats, or
 * whose clock is ahead.
 */
export function failOverScript(seed: number): Script {
  const dice = new Dice(seed, 'only fail-over')
  const members = Array.from({ length: 3 }, () => ({ slots: 1, observes: false }))
  const jobs = ['j0', 'j1'].map((id) => ({ id, models: ['a'], ms: 6_000, fails: 0 }))
  const lag = Math.round(dice.between(0, 2_500))
  const [at, ms] = [Math.round(dice.between(1_000, 3_000)), Math.round(dice.between(20, 600))]
  const skew = Math.round(dice.between(0, 2_500))
  const network = { delay: 3, lost: 0, unanswered: 0, doubled: 0, deaf: 0, combines: true }
  return {
    ...{ seed, members, jobs, network, policy: { maxActive: null, maxOvertakes: 0 } },
    acts: [
      { do: 'enqueue', who: 0, job: 0, at: 100 },
      { do: 'enqueue', who: 0, job: 1, at: 300 },
      { do: 'fail_over', ms, lag, skew, at },
      { do: 'cut', who: dice.whole(0, 2), ms: 8_000, at: at + lag },
    ],
  }
}

/**
 * A script about nothing else: a database whose calls take a multiple of what they take elsewhere, that now and then stands still for longer
 * than leases and time-outs, and several processes, some of which stand still as well.
 */
export function slowScript(seed: number): Script {
  const dice = new Dice(seed, 'slow')
  const members = Array.from({ length: dice.whole(2, 8) }, () => ({
    slots: dice.whole(1, 4),
    observes: false,
  }))
  const jobs = Array.from({ length: dice.whole(40, 80) }, (_, i) => {
    return { id: `j${i}`, models: [`m${i % 40}`], ms: dice.whole(1, 40), fails: 0 }
  })
  const who = () => dice.whole(0, members.length - 1)
  const at = () => Math.round(dice.between(200, SLOW_SPAN_MS))
  const longer = () => Math.round(dice.between(1.2, 4) * SLOW_TIMES.leaseMs)
  const slow = dice.chance(0.7) ? slowness(dice) : undefined
  const some = <Item>(most: number, make: () => Item) => Array.from({ length: dice.whole(0, most) }, make)
  const acts: Timed[] = [
    ...jobs.map((_, job): Timed => ({ do: 'enqueue', who: who(), job, at: at() })),
    ...some(
      2,
      (): Timed => ({
        do: 'slow',
        ms: longer(),
        grows: dice.pick([0, 1_000, 4_000]),
        ...slowness(dice),
        at: at(),
      }),
    ),
    ...some(2, (): Timed => ({ do: 'stall', ms: longer(), at: at() })),
    ...some(8, (): Timed => ({ do: 'block', who: who(), ms: longer(), at: at() })),
  ]
  const network = {
    delay: dice.pick([0.3, 1, 3]),
    lost: 0,
    unanswered: 0,
    doubled: 0,
    deaf: dice.pick([0, 0, 0.3]),
  }
  return {
    ...{ seed, members, jobs, times: SLOW_TIMES, startsWithin: MOST_APPENDS },
    network: { ...network, combines: true, answerMs: 15_000, ...(slow && { slow }) },
    policy: { maxActive: null, maxOvertakes: 0 },
    acts: acts.toSorted((x, y) => x.at - y.at),
  }
}

const SLOW_SPAN_MS = 40_000
/** As in the field: `answerMs` of a call is 15 s there. */
const SLOW_TIMES = { leaseMs: 5_000, graceMs: 1_000, pollMs: 1_000, patienceMs: 30_000 }
/** Jobs start at least once in the time of so many appends. */
const MOST_APPENDS = 10

function slowness(dice: Dice): Slow {
  const calls = dice.pick(['all', 'append', 'append', 'read', 'publish', 'beat'])
  // A lease that a beat cannot keep is lost, however jobs are started.
  const most = calls === 'all' || calls === 'beat' ? 300 : 6_000
  return { calls, times: Math.round(dice.between(10, most)), locks: calls === 'append' && dice.chance(0.5) }
}

/**
 * Many processes over a link on which each call takes a second or so: many of them stand still for longer than their leases, and then
 * everything goes on but for the link, which stays as it is.
 */
export function stormScript(seed: number): Script {
  const dice = new Dice(seed, 'storm')
  const slow = { calls: 'all', times: Math.round(dice.between(200, 450)), locks: false }
  const members = Array.from({ length: dice.pick([6, 10, 16]) }, () => ({
    slots: dice.whole(2, 4),
    observes: false,
  }))
  const jobs = Array.from({ length: 80 }, (_, i) => {
    return { id: `j${i}`, models: [`m${i}`], ms: dice.whole(1, 2_000), fails: 0 }
  })
  const who = () => dice.whole(0, members.length - 1)
  const standstill = () => ({
    ms: Math.round(dice.between(6_000, 15_000)),
    at: Math.round(dice.between(2_000, SLOW_SPAN_MS)),
  })
  const acts: Timed[] = [
    ...jobs.map(
      (_, job): Timed => ({ do: 'enqueue', who: who(), job, at: Math.round(dice.between(200, 30_000)) }),
    ),
    ...members.map((): Timed => ({ do: 'block', who: who(), ...standstill() })),
    ...Array.from({ length: dice.whole(0, 2) }, (): Timed => ({ do: 'stall', ...standstill() })),
  ]
  const network = {
    delay: 3,
    lost: 0,
    unanswered: 0,
    doubled: 0,
    deaf: 0,
    combines: true,
    answerMs: 15_000,
    slow,
  }
  return {
    ...{ seed, members, jobs, network, times: SLOW_TIMES, startsWithin: MOST_APPENDS },
    policy: { maxActive: null, maxOvertakes: 0 },
    acts: acts.toSorted((x, y) => x.at - y.at),
  }
}
