import { defaultPolicy, InterlockError, invalidInput } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import type { Cli } from '../cli.ts'
import { alsoFails } from '../exit.ts'
import { FoundSomething } from '../failure.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { addLeaseFlags, type LeaseFlags, leaseTimes } from '../lease-flags.ts'
import { addMetricsFlags, type MetricsFlags, metricsOf, withMetrics } from '../metrics-flags.ts'
import { addPolicyFlags, type PolicyFlags, runPolicy } from '../policy-flags.ts'
import { noteSkipped } from '../run/enqueue-all.ts'
import { reportText } from '../run/report.ts'
import { run } from '../run/run.ts'
import { withCoordinator } from '../store.ts'
import { numberOf } from '../workload/line.ts'
import { readWorkload } from '../workload/read.ts'

interface Options extends PolicyFlags, LeaseFlags, MetricsFlags {
  readonly timeScale: string
  readonly limit?: string
  readonly processes: string
  readonly concurrency?: string
  readonly skipInvalid?: boolean
  readonly dashboard?: boolean | string
}

const MOST_PROCESSES = 64

export function addRun(cli: Cli): void {
  const command = addPolicyFlags(
    cli.command<Options>(
      'run',
      [
        ['run jobs.csv --policy by-model --time-scale 0.001', 'a second of the file takes a millisecond'],
        ['run jobs.csv.gz --policy serial --limit 100', 'the first 100, one at a time, in file order'],
        ['run jobs.csv --processes 4 --url postgres://localhost/app', 'with four worker processes'],
        ['run jobs.csv --dashboard', 'prints an address to watch it in your browser'],
        ['run jobs.csv', 'after Ctrl-C or a crash: goes on where it stopped'],
      ],
      async (frame, [file = ''], flags) => {
        const options = optionsOf(flags)
        const limit = wholeNumber('--limit', flags.limit, 1, 10_000_000)
        const workload = await readWorkload(file, { limit, skipInvalid: flags.skipInvalid })
        noteSkipped(frame, workload.skipped)
        const report = await withCoordinator(
          frame,
          (coordinator, store) =>
            withMetrics(frame, coordinator, options.metrics, () =>
              beside(frame, store, options.dashboard, () =>
                run(frame, store, coordinator, workload, options),
              ),
            ),
          { ...options.times, isLong: true },
        )
        frame.emit(report, reportText(report))
        if (report.violations > 0 || !report.verified) throw new FoundSomething()
        if (report.failed > 0) {
          throw new InterlockError(
            'aborted',
            `${report.failed} jobs failed; look at them: npx interlock-queue log --limit 1000`,
          )
        }
      },
    ),
  )
    .option('--time-scale <x>', 'real seconds per second of the file', '1')
    .option('--limit <n>', 'only the first n jobs of the file')
    .option('--processes <n>', 'worker processes', '1')
    .option('--concurrency <n>', 'jobs at once per process (default: what the policy allows, at most 64)')
    .option('--skip-invalid', 'skip broken lines instead of rejecting the file')
    .option(
      '--dashboard [port]',
      'also serve a read-only dashboard, on this machine only, and print its address',
    )
    .addHelpText('after', alsoFails('a job failed'))
  addMetricsFlags(command)
  addLeaseFlags(command)
}

/** Does the work, with a dashboard beside it if one was asked for. @param port null: none */
async function beside<T>(
  frame: Frame,
  store: LogStore,
  port: number | null,
  work: () => Promise<T>,
): Promise<T> {
  if (port === null) return work()
  const { serve } = await import('../serve-dashboard.ts')
  const served = await serve(frame, store, { port, write: false, data: false })
  try {
    frame.note(`watch it: ${served.address}`)
    if (served.lacks !== null) frame.note(served.lacks)
    return await work()
  } finally {
    await served.close()
  }
}

/** Checks every flag before a file is read or a database opened. */
function optionsOf(flags: Options) {
  runPolicy(flags, defaultPolicy)
  const timeScale = numberOf(flags.timeScale)
  if (typeof timeScale !== 'number' || timeScale < 0 || timeScale > 1_000) {
    throw invalidInput(`--time-scale ${flags.timeScale}: must be a number from 0 to 1,000`)
  }
  return {
    policy: flags,
    times: leaseTimes(flags),
    timeScale,
    dashboard: dashboardPort(flags.dashboard),
    metrics: metricsOf(flags),
    concurrency: wholeNumber('--concurrency', flags.concurrency, 1, 100_000),
    processes: wholeNumber('--processes', flags.processes, 1, MOST_PROCESSES) ?? 1,
  }
}

/** Null: none was asked for. */
function dashboardPort(flag: boolean | string | undefined): number | null {
  if (flag === undefined || flag === false) return null
  return flag === true ? 0 : (wholeNumber('--dashboard', flag, 0, 65_535) ?? 0)
}
