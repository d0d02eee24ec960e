import { parseArgs } from 'node:util'
import { Cluster } from './cluster.ts'
import { type DrillOptions, drill, isWell } from './drill.ts'
import { lateStandby } from './late-standby.ts'
import { findPrograms, NEEDS } from './needs.ts'
import { printDrill, printLate } from './print.ts'
import { seconds } from './rounds.ts'
import { setUp } from './scene.ts'

const HELP = `Fails over between three machines with PostgreSQL, Patroni and etcd, with workers and a producer under way.

  npm run drill -- [--kills <n>] [--switchovers <n>] [--lease <seconds>] [--patience <seconds>]

  --kills <n>           how often the leader's machine is killed: PostgreSQL, Patroni and etcd (10). Every second time, the first
                        included, etcd's leader is on it
  --switchovers <n>     how often it is switched over as planned (3)
  --lease <seconds>     of the workers (45)
  --patience <seconds>  of the workers and the producer (60)
  --help

Each of these takes about a minute. At the end the same with standbys that lack the last 1.5 s. It tells on standard error how far it is,
and prints a table on standard output. Ctrl-C ends everything that it started and deletes what it wrote.

Exit code 0: nothing was lost that may not be, and Interlock was back within 2 s of the engine each time. 1: that was not so. 2: the drill
itself failed.

${NEEDS}
`

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    switchovers: { type: 'string', default: '3' },
    lease: { type: 'string', default: '45' },
    patience: { type: 'string', default: '60' },
    help: { type: 'boolean', default: false },
  },
})

const began = performance.now()
const tell = (text: string): void =>
  void process.stderr.write(`[${seconds(performance.now() - began).padStart(6)} s] ${text}\n`)

const options: DrillOptions = {
  kills: Number(values.kills),
  switchovers: Number(values.switchovers),
  leaseSeconds: Number(values.lease),
  patienceSeconds: Number(values.patience),
  tell,
}

async function run(cluster: Cluster): Promise<boolean> {
  tell('starting etcd, and PostgreSQL under Patroni, three times …')
  await cluster.begin()
  const scene = await setUp(cluster, options)
  const report = await drill(scene, options).finally(() => scene.end())
  printDrill(report, options)
  tell('standbys that lack the end …')
  const second = await setUp(cluster, options)
  const late = await lateStandby(second).finally(() => second.end().catch(() => {}))
  printLate(late)
  return isWell(report) && late.told > 0
}

async function main(): Promise<number> {
  const cluster = await Cluster.create(findPrograms())
  let ending: Promise<void> | undefined
  const end = () => {
    if (ending === undefined) tell('ending all of it …')
    ending ??= cluster.remove()
    return ending
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().then(() => process.exit(130)))
  }
  try {
    return (await run(cluster)) ? 0 : 1
  } catch (error) {
    // What fails because its servers are being ended says nothing.
    if (ending !== undefined) return 130
    throw error
  } finally {
    await end()
  }
}

if (values.help) console.log(HELP)
else {
  try {
    process.exitCode = await main()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 2
  }
}
