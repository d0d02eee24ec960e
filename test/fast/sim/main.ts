import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Kept, keptIn } from './kept.ts'
import { renewLogs } from './logs.ts'
import { type Outcome, run } from './run.ts'
import type { Script } from './script.ts'
import { shrink } from './shrink.ts'
import { crowdScript } from './write-crowd.ts'
import { flowScript } from './write-flows.ts'
import { modelScript } from './write-models.ts'
import { scriptOf, slowScript } from './write-script.ts'

const HELP = `Plays many processes in one, with a simulated clock, network and database, and looks for what must not be.

  npm run sim -- [--seed <n>] [--runs <n>] [--slow | --flows | --models | --crowds] [--keep] [--trace]
  npm run sim -- --script <file> [--trace]
  npm run sim -- --renew-logs

  --seed <n>       the first seed (1); the same seed gives the same run, to the last step
  --runs <n>       how many seeds, one after the other (1,000)
  --slow           a database that is slow or stands still, and nothing else that gets lost
  --flows          jobs that come after others, beside all the rest
  --models         places, units, uses, modes, weights, tiers, and processes that serve some places and keep models loaded, beside all the rest
  --crowds         a process with many slots, and many jobs at a time
  --keep           makes the first failure of each sort smaller and keeps it in test/fast/sim/kept, where a test plays it
  --script <file>  plays a script that was kept
  --trace          prints everything that happens, of a single run
  --renew-logs     plays the seeds of test/fast/sim/logs.json and keeps the logs that they lead to now; a test compares them
  --help

Exit code 0: nothing was found; 1: something was.
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    slow: { type: 'boolean', default: false },
    flows: { type: 'boolean', default: false },
    models: { type: 'boolean', default: false },
    crowds: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    script: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'renew-logs': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const sorts = { slow: slowScript, flows: flowScript, models: modelScript, crowds: crowdScript }
const sort = (['slow', 'flows', 'models', 'crowds'] as const).find((name) => values[name])
const scriptBy = sort === undefined ? scriptOf : sorts[sort]

/** How many failures of a sort are told; of the others there are only the seeds. */
const MOST_TOLD = 3

function tell(name: string, { findings, lines, simulatedMs, steps, log }: Outcome, trace: boolean): void {
  if (trace) for (const line of lines) console.log(line)
  if (trace)
    console.log(`${steps} steps, ${log.length} events, ${Math.round(simulatedMs)} ms of simulated time`)
  for (const { fault, at, text } of findings) console.log(`${name}: ${fault} at ${at} ms: ${text}`)
}

async function playOne(script: Script, name: string): Promise<boolean> {
  const outcome = await run(script, values.trace)
  tell(name, outcome, values.trace)
  return outcome.findings.length === 0
}

async function keep(script: Script, { findings }: Outcome): Promise<void> {
  const [first] = findings
  if (first === undefined) return
  const smaller = await shrink(script, first.fault)
  const { findings: shown } = await run(smaller)
  const kept: Kept = { found: shown[0]?.text ?? first.text, fault: first.fault, script: smaller }
  const file = `${keptIn}/${first.fault}-${script.seed}.json`
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`)
  console.log(`kept in ${file}: ${smaller.acts.length} of ${script.acts.length} acts`)
}

async function playMany(seed: number, runs: number): Promise<boolean> {
  const began = performance.now()
  const seeds = new Map<string, number[]>()
  const happened = new Map<string, number>()
  let longest = 0
  const sum = { steps: 0, events: 0, simulatedMs: 0 }
  for (let n = seed; n < seed + runs; n++) {
    const script = scriptBy(n)
    const outcome = await run(script)
    for (const key of ['steps', 'simulatedMs'] as const) sum[key] += outcome[key]
    sum.events += outcome.log.length
    longest = Math.max(longest, outcome.longest)
    for (const [what, count] of outcome.counts) happened.set(what, (happened.get(what) ?? 0) + count)
    const fault = outcome.findings[0]?.fault
    if (fault === undefined) continue
    const alike = seeds.get(fault) ?? []
    seeds.set(fault, [...alike, n])
    if (alike.length < MOST_TOLD) tell(`seed ${n}`, outcome, false)
    if (alike.length === 0 && values.keep) await keep(script, outcome)
  }
  for (const [fault, of] of seeds)
    console.log(`${fault}: ${of.length} runs, seeds ${of.slice(0, 20).join(' ')}`)
  const counts = [...happened].toSorted(([, a], [, b]) => b - a)
  console.log(counts.map(([what, count]) => `${what} ${count}`).join(', '))
  const seconds = (performance.now() - began) / 1_000
  const failed = [...seeds.values()].reduce((count, of) => count + of.length, 0)
  console.log(
    `${runs} runs in ${seconds.toFixed(1)} s, ${failed} failed: ${sum.steps} steps, ${sum.events} events, ${Math.round(sum.simulatedMs / 60_000)} simulated minutes; after healing a job started at least once in the time of ${longest.toFixed(1)} appends`,
  )
  return failed === 0
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(HELP)
    return true
  }
  if (values['renew-logs']) {
    await renewLogs()
    return true
  }
  const { script, seed, runs } = values
  if (script !== undefined) return playOne((JSON.parse(readFileSync(script, 'utf8')) as Kept).script, script)
  if (values.trace) return playOne(scriptBy(Number(seed)), `seed ${seed}`)
  return playMany(Number(seed), Number(runs))
}

process.exitCode = (await main()) ? 0 : 1
