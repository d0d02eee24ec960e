/** `npm run bench -- [core replay … peers guard] [options]`: what Interlock reaches on this machine. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { otherVersions } from '../test/support/binaries.ts'
import { chosenBenches, names, usualNames } from './benches.ts'
import type { Context, Row } from './frame/bench.ts'
import { describeMachine, thisMachine } from './frame/machine.ts'
import { Progress } from './frame/progress.ts'
import { type ServerSettings, serversAt } from './frame/servers.ts'
import { median } from './frame/statistics.ts'
import { isMet, tableOf } from './frame/table.ts'
import { helpText } from './help.ts'

interface Options {
  readonly json?: string | true
  readonly runs?: number
  readonly quick?: boolean
  readonly trace: string
  readonly only: readonly string[]
  readonly peers: readonly string[]
  readonly rest: number
  readonly minutes?: number
  readonly package?: string
  readonly renew?: boolean
  readonly server?: string
  readonly url?: string
}

const project = path.resolve(import.meta.dirname, '..')
const trace =
  process.env['INTERLOCK_BENCH_TRACE'] ?? path.resolve(project, '../shared/data/gentd26-requests.csv.gz')

await new Command('bench')
  .description('Measures Interlock on this machine; a figure is the median of several runs.')
  .argument(
    '[benches...]',
    `${names.join(', ')}; those that run unless others are given: ${usualNames.join(', ')}`,
    usualNames,
  )
  .option(
    '--json [file]',
    'one JSON document on standard output, or into this file beside the table',
    jsonFile,
  )
  .option('--runs <n>', 'how often everything is measured (3)', atLeastOne)
  .option('--quick', 'tiny sizes, one run: shows that the benches work, its figures mean nothing')
  .option('--trace <file>', 'real requests for `schedule` and `peers`: job_id,models,seconds, .csv.gz', trace)
  .option(
    '--only <rows>',
    '`peers`, `growth`, `slow`, `schedule`: only these rows, by id or its beginning (drain/10-keys,hand-off)',
    list,
    [],
  )
  .option('--peers <names>', '`peers`: only these (interlock,graphile-worker)', list, [])
  .option(
    '--package <archive>',
    '`peers`: a package of npm pack that is measured, in place of one made of the sources (--quick measures the sources)',
  )
  .option('--rest <seconds>', '`peers`: how long a worker is watched at rest', atLeastOne, 30)
  .option(
    '--minutes <n>',
    '`storm`: how long processes are stopped again and again (4); `overload`: how long it lasts (10)',
    moreThanNothing,
  )
  .option('--renew', '`guard`: keep this run as what later ones are held against')
  .addOption(
    new Option(
      '--server <version>',
      'of the server that is started (18); others are downloaded with npm',
    ).choices([...otherVersions, '18']),
  )
  .option(
    '--url <url>',
    'measure this server (a superuser; makes databases and drops them) instead of a new one',
  )
  .addHelpText('after', helpText)
  .action((chosen: readonly string[], options: Options) => main(chosen, options))
  .parseAsync()

async function main(chosen: readonly string[], options: Options): Promise<void> {
  const unknown = chosen.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    return refuse(`there is no bench ${unknown.join(', ')}; there are ${names.join(', ')}`)
  const machine = thisMachine()
  const toStdout = options.json === true
  if (!toStdout) console.log(describeMachine(machine))
  await using servers = serversAt(options.url, options.server)
  const progress = new Progress()
  const { quick = false, trace, only, peers: who, rest, minutes, renew = false, package: archive } = options
  const runs = options.runs ?? (quick ? 1 : 3)
  const show = progress.show
  const context: Context = {
    runs,
    quick,
    trace,
    only,
    who,
    archive,
    restMs: rest * 1_000,
    minutes,
    renew,
    servers,
    progress: show,
  }
  const results: Record<string, readonly object[]> = {}
  const subjects: Record<string, string> = {}
  for await (const bench of chosenBenches(chosen)) {
    progress.start(bench.name)
    const rows = (await bench.run(context)).map((row) => (quick ? { ...row, goal: undefined } : row))
    progress.clear()
    results[bench.name] = rows.map(rowDocument)
    Object.assign(subjects, bench.subjects)
    if (!toStdout) console.log(`\n${bench.name}: ${bench.about}\n${(bench.table ?? tableOf)(rows)}`)
    const verdict = bench.verdict?.(rows)
    if (verdict === undefined) continue
    console.error(`\n${verdict}`)
    process.exitCode = 1
  }
  const server = await servers.settings()
  const document = JSON.stringify({ machine, server, runs, quick, subjects, results }, null, 2)
  if (typeof options.json === 'string') await writeFile(options.json, `${document}\n`)
  console.log(toStdout ? document : footer(server, context))
}

function refuse(why: string): void {
  console.error(why)
  process.exitCode = 2
}

function rowDocument(row: Row): object {
  const { samples } = row
  if (samples.length === 0) return { ...row, median: null }
  const spread = { min: Math.min(...samples), max: Math.max(...samples) }
  return { ...row, median: median(samples), ...spread, met: isMet(row) }
}

function footer(server: ServerSettings | undefined, { runs, quick }: Context): string {
  const lines = [`\nmedians of ${runs} run${runs === 1 ? '' : 's'}`]
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

function moreThanNothing(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('a number above 0')
}

function list(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim())
}

/** The name of a bench after it would be taken for a file. */
function jsonFile(text: string): string {
  if (text.endsWith('.json')) return text
  throw new InvalidArgumentError('a file that ends with .json; names of benches come before --json')
}
