import type { DrillOptions, DrillReport } from './drill.ts'
import type { LateReport } from './late-standby.ts'
import { beyondMs, cases, type Round, seconds } from './rounds.ts'
import { accidents, type Unconfirmed } from './unconfirmed.ts'

function row(what: string, rounds: readonly Round[]): string {
  const range = (of: (round: Round) => number) => {
    const [least, most] = [Math.min(...rounds.map(of)), Math.max(...rounds.map(of))].map(seconds)
    return least === most ? `${most} s` : `${least} to ${most} s`
  }
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
  const attempts = rounds.reduce((sum, round) => sum + round.attempts, 0)
  const beyond = `${seconds(Math.max(...rounds.map(beyondMs)))} s`
  const cells = [
    `${what}, ${rounds.length} times`,
    ...[range(({ gapMs }) => gapMs), range(({ engineMs }) => engineMs), beyond],
    `${lost} of ${attempts}`,
  ]
  return `| ${cells.join(' | ')} |`
}

function table(rounds: readonly Round[]): string {
  const rows = cases.flatMap((what) => {
    const of = rounds.filter((round) => round.what === what)
    return of.length === 0 ? [] : [row(what, of)]
  })
  return [
    '| case | nothing acknowledged for | no program could commit for | Interlock beyond that, at most | attempts of 45 s lost |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

export function printDrill(report: DrillReport, { leaseSeconds, patienceSeconds }: DrillOptions): void {
  const { rounds, acknowledged, lostEvents, failed, verified, violations, overlaps } = report
  console.log(table(rounds))
  console.log(`\nlease ${leaseSeconds} s, patience ${patienceSeconds} s`)
  console.log(`acknowledged and lost: ${lostEvents} of ${acknowledged}; commands failed: ${failed.length}`)
  console.log(
    `verify: ${verified ? 'ok' : 'NOT OK'}; audit: ${violations} violations; handlers that overlapped, by their own files: ${overlaps.length}`,
  )
  for (const text of [...failed, ...overlaps]) console.log(`  ${text}`)
  const lines = report.printed.split('\n').filter((line) => line !== '' && !line.startsWith('[WORKER]'))
  console.log(`\nAll that one worker printed, but for its jobs:\n\n${lines.join('\n')}`)
}

/** What was acknowledged and lost in each. */
export function printUnconfirmed(all: readonly Unconfirmed[]): void {
  const sum = (of: readonly Unconfirmed[], what: (one: Unconfirmed) => number) =>
    of.reduce((total, one) => total + what(one), 0)
  const rows = accidents.flatMap((accident) => {
    const of = all.filter((one) => one.accident === accident)
    const cells = [
      `${accident}, then machine death, ${of.length} times`,
      sum(of, (one) => one.acknowledged),
      sum(of, (one) => one.lost),
      sum(of, (one) => one.unconfirmed),
      sum(of, (one) => one.stopped),
    ]
    return of.length === 0 ? [] : [`| ${cells.join(' | ')} |`]
  })
  console.log(
    [
      '\n| case | acknowledged | of these lost | in line on the primary when it died, and acknowledged to nobody | workers that had read such, and stopped |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
  )
}

export function printLate(late: LateReport): void {
  const { exits, epoch, status } = late
  console.log(
    `\nasynchronous, standbys 1.5 s behind: ${late.lostEvents} of ${late.acknowledged} acknowledged jobs lost, ${late.attempts} attempts;`,
  )
  console.log(
    `${late.told} of ${exits.length} workers stopped with log_went_back (exit ${exits.join(', ')}); queue ${status} in epoch ${epoch}`,
  )
}
