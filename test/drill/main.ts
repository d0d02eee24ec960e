import { parseArgs } from 'node:util'
import { Cluster } from './cluster.ts'
import {
  type DrillOptions,
  type DrillReport,
  drill,
  type LateReport,
  lateStandby,
  type Round,
  seconds,
  setUp,
} from './drill.ts'
import { findPrograms } from './needs.ts'

const HELP = `Fails over between three servers under the real Patroni and etcd, with workers and a producer under way.

  npm run drill -- [--kills <n>] [--switchovers <n>] [--lease <seconds>] [--patience <seconds>]

  --kills <n>           how often the leader is killed, with its Patroni (10)
  --switchovers <n>     how often it is switched over as planned (3)
  --lease <seconds>     of the workers (45)
  --patience <seconds>  of the workers and the producer (60)
  --help

Each kill takes a minute. At the end the same with standbys that lack the last 1.5 s. Exit code 0: nothing was lost that may not be.
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

const tell = (text: string): void => void process.stderr.write(`${text}\n`)

const options: DrillOptions = {
  kills: Number(values.kills),
  switchovers: Number(values.switchovers),
  leaseSeconds: Number(values.lease),
  patienceSeconds: Number(values.patience),
  tell,
}

function row(what: string, rounds: readonly Round[]): string {
  const sorted = (of: (round: Round) => number) => rounds.map(of).toSorted((a, b) => a - b)
  const range = (all: readonly number[]) => `${seconds(all[0] ?? 0)} to ${seconds(all.at(-1) ?? 0)} s`
  const over = sorted(({ gapMs, engineMs }) => gapMs - engineMs).at(-1) ?? 0
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
  const attempts = rounds.reduce((sum, round) => sum + round.attempts, 0)
  return `| ${what}, ${rounds.length} times | ${range(sorted((round) => round.gapMs))} | ${range(sorted((round) => round.engineMs))} | ${seconds(over)} s | ${lost} of ${attempts} |`
}

function table({ kills, switchovers }: DrillReport): string {
  return [
    '| case | without an acknowledgement | of that, Patroni | beyond Patroni, at most | attempts of 45 s lost |',
    '|---|---|---|---|---|',
    ...(kills.length > 0 ? [row('machine death', kills)] : []),
    ...(switchovers.length > 0 ? [row('planned switchover', switchovers)] : []),
  ].join('\n')
}

function printDrill(report: DrillReport): void {
  const { acknowledged, lostEvents, failed, verified, violations, overlaps } = report
  console.log(table(report))
  console.log(`\nlease ${options.leaseSeconds} s, patience ${options.patienceSeconds} s`)
  console.log(`acknowledged and lost: ${lostEvents} of ${acknowledged}; commands failed: ${failed.length}`)
  console.log(
    `verify: ${verified ? 'ok' : 'NOT OK'}; audit: ${violations} violations; handlers that overlapped, by their own files: ${overlaps.length}`,
  )
  for (const text of [...failed, ...overlaps]) console.log(`  ${text}`)
}

function printLate(late: LateReport, printed: string): void {
  const { exits, epoch, status } = late
  console.log(
    `\nasynchronous, standbys 1.5 s behind: ${late.lostEvents} of ${late.acknowledged} acknowledged jobs lost, ${late.attempts} attempts;`,
  )
  console.log(
    `${late.told} of ${exits.length} workers stopped with log_went_back (exit ${exits.join(', ')}); queue ${status} in epoch ${epoch}`,
  )
  const told = printed.split('\n').filter((line) => line.startsWith('[COORDINATOR]'))
  console.log(`\nWhat one worker printed of it:\n\n${told.join('\n')}`)
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(HELP)
    return true
  }
  const programs = findPrograms()
  tell('starting etcd and three servers under Patroni …')
  const cluster = await Cluster.start(programs)
  try {
    const scene = await setUp(cluster, options)
    const report = await drill(scene, options).finally(() => scene.end())
    printDrill(report)
    tell('standbys that lack the end …')
    const second = await setUp(cluster, options)
    const late = await lateStandby(second).finally(() => second.end().catch(() => {}))
    printLate(late, report.printed)
    const { lostEvents, failed, verified, violations, overlaps } = report
    return lostEvents + failed.length + violations + overlaps.length === 0 && verified && late.told > 0
  } finally {
    await cluster.remove()
  }
}

// Whatever was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  tell(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}
