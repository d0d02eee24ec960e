import { parseArgs } from 'node:util'
import { Cluster } from './cluster.ts'
import { type DrillOptions, drill, isWell } from './drill.ts'
import { lateStandby } from './late-standby.ts'
import { findPrograms, NEEDS } from './needs.ts'
import { printDrill, printLate, printUnconfirmed } from './print.ts'
import { seconds } from './rounds.ts'
import { setUp } from './scene.ts'
import { type Accident, type Unconfirmed, unconfirmed } from './unconfirmed.ts'

const HELP = `Fails over between three machines with PostgreSQL, Patroni and etcd, with workers and a producer under way.

  npm run test:more -- drill [--kills <n>] [--only-patroni <n>] [--switchovers <n>] [--terminated <n>]
                             [--checkpointer <n>] [--lease <seconds>] [--patience <seconds>]

  --kills <n>           how often the leader's machine is killed: PostgreSQL, Patroni and etcd (10). Every second time, the first
                        included, etcd's leader is on it
  --only-patroni <n>    how often the leader's Patroni alone is killed: its server goes on, and does not hear that it is replaced (2)
  --switchovers <n>     how often it is switched over as planned (3)
  --terminated <n>      how often the synchronous standby stands still, the sessions that wait for it are terminated, and the leader's machine
                        dies (2)
  --checkpointer <n>    how often commits are to wait for a standby and do not, since the checkpointer is stopped, and the leader's machine dies (1)
  --lease <seconds>     of the workers (45)
  --patience <seconds>  of the workers and the producer (60)
  --help

Each of these takes one to two minutes. At the end the same with standbys that lack the last 1.5 s. It tells on standard error how far it is,
and prints a table on standard output. Ctrl-C ends everything that it started and deletes what it wrote.

Exit code 0: nothing was lost that may not be, and Interlock was back within 2 s of the engine each time. 1: that was not so. 2: the drill
itself failed.

${NEEDS}
`

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    'only-patroni': { type: 'string', default: '2' },
    switchovers: { type: 'string', default: '3' },
    terminated: { type: 'string', default: '2' },
    checkpointer: { type: 'string', default: '1' },
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
  onlyPatroni: Number(values['only-patroni']),
  switchovers: Number(values.switchovers),
  leaseSeconds: Number(values.lease),
  patienceSeconds: Number(values.patience),
  tell,
}

const accidents: readonly Accident[] = [
  ...Array.from({ length: Number(values.terminated) }, () => 'waiting sessions terminated' as const),
  ...Array.from({ length: Number(values.checkpointer) }, () => 'checkpointer stopped' as const),
]

async function inAccidents(cluster: Cluster): Promise<readonly Unconfirmed[]> {
  const all: Unconfirmed[] = []
  for (const accident of accidents) {
    tell(`${accident}, ${all.length + 1} of ${accidents.length} …`)
    const scene = await setUp(cluster, options)
    const one = await unconfirmed(scene, accident).finally(() => scene.end().catch(() => {}))
    tell(
      `  acknowledged: ${one.acknowledged}, of these lost: ${one.lost}; in line and not acknowledged: ${one.unconfirmed}`,
    )
    all.push(one)
  }
  return all
}

async function run(cluster: Cluster): Promise<boolean> {
  tell('starting etcd, and PostgreSQL under Patroni, three times …')
  await cluster.begin()
  const scene = await setUp(cluster, options)
  const report = await drill(scene, options).finally(() => scene.end())
  printDrill(report, options)
  const all = await inAccidents(cluster)
  printUnconfirmed(all)
  tell('standbys that lack the end …')
  const second = await setUp(cluster, options)
  const late = await lateStandby(second).finally(() => second.end().catch(() => {}))
  printLate(late)
  return isWell(report) && all.every(({ lost }) => lost === 0) && late.told > 0
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
