import { Dice } from './dice.ts'
import type { Act, Script, SimJob, SimParent } from './script.ts'
import { SPAN_MS, scriptOf } from './write-script.ts'

type Timed = Act & { readonly at: number }

/**
 * The script of a seed, with flows: graphs that come in one call, now and then twice, some jobs of which fail for good, add others while they
 * run, or are cancelled and tried again with all that come after them.
 */
export function flowScript(seed: number): Script {
  const dice = new Dice(seed, 'flows')
  const script = scriptOf(seed)
  const flows = Array.from({ length: dice.whole(1, 3) }, (_, n) => flowOf(dice, `f${n}`))
  const acts: Timed[] = []
  let first = script.jobs.length
  for (const flow of flows) {
    acts.push(...actsUpon(dice, flow, first, script.members.length))
    first += flow.length
  }
  return {
    ...script,
    // Who takes up whatever is announced would ask for jobs without what they come after.
    members: script.members.map((member) => ({
      ...member,
      observes: false,
      ...(dice.chance(0.3) && { batch: dice.whole(2, 4) }),
    })),
    jobs: [...script.jobs, ...flows.flat()],
    acts: [...script.acts, ...acts].toSorted((x, y) => x.at - y.at),
  }
}

/** Each comes after some of those before it; at the end those that handlers add. */
function flowOf(dice: Dice, flow: string): readonly SimJob[] {
  const length = dice.whole(3, 9)
  const ids = Array.from({ length }, (_, n) => `${flow}-${n}`)
  const jobs = ids.map((id, n): SimJob => {
    const after = ids
      .slice(0, n)
      .flatMap((job): SimParent[] => (dice.chance(1.5 / n) ? [{ job, goesOn: dice.chance(0.25) }] : []))
    return { ...jobOf(dice, id, flow), after, ...(dice.chance(0.2) && { dies: true }) }
  })
  const added = ids.flatMap((id): SimJob[] =>
    dice.chance(0.25)
      ? Array.from({ length: dice.whole(1, 2) }, (_, n) => ({
          ...jobOf(dice, `${id}+${n}`, flow),
          addedBy: id,
          ...(dice.chance(0.2) && { dies: true }),
        }))
      : [],
  )
  return [...jobs, ...added]
}

function jobOf(dice: Dice, id: string, flow: string): SimJob {
  const models = dice.pick([[], ['a'], ['a'], ['b'], ['a', 'b']])
  const ms = Math.round(dice.delay(dice.pick([5, 60, 300])))
  return { id, models, ms, fails: dice.chance(0.15) ? 1 : 0, flow }
}

/** @param first the number of its first job */
function actsUpon(dice: Dice, flow: readonly SimJob[], first: number, members: number): readonly Timed[] {
  const who = () => dice.whole(0, members - 1)
  const any = () => first + dice.whole(0, flow.length - 1)
  const begins = Math.round(dice.between(100, SPAN_MS / 2))
  const later = () => begins + Math.round(dice.between(50, SPAN_MS))
  const dead = flow.flatMap(({ dies }, n) => (dies === true ? [first + n] : []))
  return [
    { do: 'flow', who: who(), job: first, at: begins },
    ...some(dice, 0.25, (): Timed => ({ do: 'flow', who: who(), job: first, at: later() })),
    ...some(dice, 0.15, (): Timed => ({ do: 'cancel', who: who(), job: any(), at: later() })),
    ...some(dice, 0.3, (): Timed => ({ do: 'prune', who: who(), job: any(), at: later() })),
    ...dead.map((job): Timed => ({ do: 'revive', who: who(), job, at: later() })),
    ...some(dice, 0.3, (): Timed => ({ do: 'revive', who: who(), job: any(), at: later() })),
  ]
}

const some = <Item>(dice: Dice, part: number, make: () => Item): readonly Item[] =>
  dice.chance(part) ? [make()] : []
