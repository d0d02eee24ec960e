import { run } from './run.ts'
import type { Script, SimJob } from './script.ts'
import type { Fault } from './witness.ts'

/** Tries in all: a smaller script is worth half a minute and no more. */
const MOST_TRIES = 600

/** The smallest script found that shows the same fault: fewer acts, fewer processes, a better network. */
export async function shrink(script: Script, fault: Fault): Promise<Script> {
  let best = script
  let tries = 0
  const accepts = async (candidate: Script) => {
    if (tries++ >= MOST_TRIES) return false
    const { findings } = await run(candidate)
    if (findings[0]?.fault !== fault) return false
    best = candidate
    return true
  }
  for (let before: Script | undefined; before !== best && tries < MOST_TRIES; ) {
    before = best
    for (const simpler of simplifications(best)) await accepts(simpler(best))
    for (let size = Math.ceil(best.acts.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < best.acts.length; ) {
        const acts = best.acts.toSpliced(from, size)
        if (!(await accepts({ ...best, acts }))) from += size
      }
    }
  }
  return pruned(best)
}

type Step = (script: Script) => Script

function simplifications({ members, network, policy }: Script): readonly Step[] {
  const quiet = (['lost', 'unanswered', 'doubled', 'deaf'] as const)
    .filter((chance) => network[chance] > 0)
    .map(
      (chance): Step =>
        (script) => ({ ...script, network: { ...script.network, [chance]: 0 } }),
    )
  const plain: Step = (script) => ({
    ...script,
    policy: { ...script.policy, maxActive: null, maxOvertakes: 0, weights: null },
  })
  const fewer = members.flatMap((member, number): Step[] => [
    ...(member.slots > 0 ? [(script: Script) => withMember(script, number, { ...member, slots: 0 })] : []),
    ...(member.observes
      ? [(script: Script) => withMember(script, number, { ...member, observes: false })]
      : []),
  ])
  const last: Step = (script) => {
    const isUsed = script.acts.some((act) => 'who' in act && act.who === script.members.length - 1)
    return isUsed || script.members.length === 1
      ? script
      : { ...script, members: script.members.slice(0, -1) }
  }
  return [
    ...quiet,
    ...(policy.maxActive === null && policy.maxOvertakes === 0 ? [] : [plain]),
    ...fewer,
    last,
  ]
}

function withMember(script: Script, number: number, member: Script['members'][number]): Script {
  return { ...script, members: script.members.with(number, member) }
}

/** Without the jobs that nobody asks for. */
function pruned(script: Script): Script {
  const named = new Set(script.acts.flatMap((act) => ('job' in act ? [act.job] : [])))
  const flows = new Set([...named].map((number) => script.jobs[number]?.flow))
  const isUsed = ({ flow }: SimJob, number: number) =>
    named.has(number) || (flow !== undefined && flows.has(flow))
  const used = script.jobs.flatMap((job, number) => (isUsed(job, number) ? [number] : []))
  const jobs = used.flatMap((number) => script.jobs[number] ?? [])
  const acts = script.acts.map((act) => ('job' in act ? { ...act, job: used.indexOf(act.job) } : act))
  return { ...script, jobs, acts }
}
