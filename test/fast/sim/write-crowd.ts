import { Dice } from './dice.ts'
import type { Act, Script, SimJob } from './script.ts'
import { SPAN_MS, scriptOf } from './write-script.ts'

/**
 * The script of a seed, in which a process with many slots works off many jobs at a time, most of them free of each other: while one of its
 * appends is under way, the next one is decided. In half of them another process writes as well.
 */
export function crowdScript(seed: number): Script {
  const dice = new Dice(seed, 'crowd')
  const script = scriptOf(seed)
  const isAlone = dice.chance(0.5)
  const members = [{ slots: 40, observes: false }, ...(isAlone ? [] : script.members.slice(0, 1))]
  const jobs = Array.from({ length: dice.whole(60, 120) }, (_, i): SimJob => {
    const models = dice.chance(0.1) ? ['a'] : [`own-${i}`]
    return {
      id: `c${i}`,
      models,
      ms: Math.round(dice.delay(dice.pick([1, 20, 200]))),
      fails: i % 17 === 0 ? 1 : 0,
    }
  })
  const waves = Array.from({ length: 4 }, () => Math.round(dice.between(100, SPAN_MS / 2)))
  const asked = jobs.map((_, job): Act & { readonly at: number } => {
    return { do: 'enqueue', who: dice.whole(0, members.length - 1), job, at: dice.pick(waves) }
  })
  const faults = script.acts.filter((act) => !('job' in act) && (!('who' in act) || act.who < members.length))
  return {
    ...script,
    members,
    jobs,
    policy: { ...script.policy, maxActive: null },
    acts: [...asked, ...faults].toSorted((x, y) => x.at - y.at),
  }
}
