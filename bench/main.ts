/** `npm run bench -- [core append depth bytes replay schedule waiting] [options]`: what Interlock reaches on this machine. */
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { appendBench } from './append/index.ts'
import { bytesBench } from './bytes/index.ts'
import { coreBench } from './core/index.ts'
import { depthBench } from './depth/index.ts'
import type { Bench, Context, Row } from './frame/bench.ts'
import { describeMachine, thisMachine } from './frame/machine.ts'
import { Progress } from './frame/progress.ts'
import { type ServerSettings, serversAt } from './frame/servers.ts'
import { median } from './frame/statistics.ts'
import { isMet, tableOf } from './frame/table.ts'
import { replayBench } from './replay/index.ts'
import { scheduleBench } from './schedule/index.ts'
import { waitingBench } from './waiting/index.ts'

interface Options {
  readonly json?: boolean
  readonly runs?: number
  readonly quick?: boolean
  readonly trace: string
  readonly url?: string
}

const benches: readonly Bench[] = [
  coreBench,
  appendBench,
  depthBench,
  bytesBench,
  replayBench,
  scheduleBench,
  waitingBench,
]
const names = benches.map(({ name }) => name)
const project = path.resolve(import.meta.dirname, '..')
const trace = path.resolve(project, '../shared/data/gentd26-requests.csv.gz')

await new Command('bench')
  .description('Measures Interlock on this machine; a figure is the median of several runs.')
  .argument('[benches...]', names.join(', '), names)
  .option('--json', 'one JSON document on standard output')
  .option('--runs <n>', 'how often everything is measured (3)', atLeastOne)
  .option('--quick', 'tiny sizes, one run: shows that the benches work, its figures mean nothing')
  .option('--trace <file>', 'real requests for `schedule`: job_id,models,seconds, .csv.gz', trace)
  .option(
    '--url <url>',
    'measure this server (a superuser; makes databases and drops them) instead of a new one',
  )
  .action((chosen: readonly string[], options: Options) => main(chosen, options))
  .parseAsync()

async function main(chosen: readonly string[], options: Options): Promise<void> {
  const unknown = chosen.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(`there is no bench ${unknown.join(', ')}; there are ${names.join(', ')}`)
    process.exitCode = 2
    return
  }
  const machine = thisMachine()
  if (!options.json) console.log(describeMachine(machine))
  await using servers = serversAt(options.url)
  const progress = new Progress()
  const { quick = false, trace } = options
  const runs = options.runs ?? (quick ? 1 : 3)
  const context: Context = { runs, quick, trace, servers, progress: progress.show }
  const results: Record<string, readonly object[]> = {}
  for (const bench of benches.filter(({ name }) => chosen.includes(name))) {
    progress.start(bench.name)
    const rows = (await bench.run(context)).map((row) => (quick ? { ...row, goal: undefined } : row))
    progress.clear()
    results[bench.name] = rows.map(rowDocument)
    if (!options.json) console.log(`\n${bench.name}: ${bench.about}\n${tableOf(rows)}`)
  }
  const server = await servers.settings()
  if (options.json) console.log(JSON.stringify({ machine, server, runs, quick, results }, null, 2))
  else console.log(footer(server, context))
}

function rowDocument(row: Row): object {
  const { samples } = row
  const spread = { min: Math.min(...samples), max: Math.max(...samples) }
  return { ...row, median: median(samples), ...spread, met: isMet(row) }
}

function footer(server: ServerSettings | undefined, { runs, quick }: Context): string {
  const lines = [`\nmedians of ${runs} runs`]
  if (server !== undefined) {
    const { version, fsync, synchronousCommit } = server
    lines.push(`PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${synchronousCommit}`)
  }
  if (quick) lines.push('tiny sizes (--quick): these figures mean nothing')
  return lines.join(' · ')
}

function atLeastOne(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('a whole number of at least 1')
}
