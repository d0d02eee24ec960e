import type { DrainReport } from '../../../engine/worker/index.ts'
import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { addLeaseFlags, type LeaseFlags, leaseTimes, leaseWords } from '../lease-flags.ts'
import { addMetricsFlags, type MetricsFlags, metricsOf } from '../metrics-flags.ts'
import { Supervisor } from '../worker/supervise.ts'
import { type WorkOptions, workHere } from '../worker/work-here.ts'

interface Options extends LeaseFlags, MetricsFlags {
  readonly handler: string
  readonly concurrency?: string
  readonly processes: string
  readonly intake?: boolean
  readonly drain: string
}

interface SupervisedDocument {
  /** How many processes there were. */
  readonly processes: number
}

export function addWork(cli: Cli): void {
  const command = cli
    .command<Options>(
      'work',
      [
        [
          'work --handler ./handlers.ts',
          'one job at a time; Ctrl-C lets it finish, a second Ctrl-C puts it back in line',
        ],
        [
          'work --handler ./handlers.ts --concurrency 4 --processes 2',
          'eight jobs at once, in two processes, if the policy allows as many',
        ],
        ['work --handler ./handlers.js --intake', 'takes in new rows of your table `jobs` as well'],
        [
          'work --handler ./handlers.js --metrics 9464',
          'metrics for Prometheus at http://127.0.0.1:9464/metrics',
        ],
        ['work --handler ./handlers.js --lease 45 --patience 60', 'survives a database fail-over of 30 s'],
      ],
      async (frame, _, flags) => {
        const processes = wholeNumber('--processes', flags.processes, 1, 64) ?? 1
        const options = optionsOf(flags)
        if (processes > 1) return await supervise(frame, processes, flags, options)
        const { finished, givenBack } = await workHere(frame, options)
        const drained = `drained: ${plural(finished, 'job')} ended, ${plural(givenBack, 'job')} given back to the line`
        if (frame.json) frame.emit({ finished, givenBack } satisfies DrainReport, drained)
        else frame.note(drained)
      },
    )
    .requiredOption(
      '--handler <file>',
      'a module whose default export has a handler for each kind of job: { normal: async (job, context) => … }',
    )
    .option('--concurrency <n>', 'jobs at once per process (default: what the file says, or 1)')
    .option('--processes <n>', 'worker processes', '1')
    .option('--intake', 'take in new rows of `jobs` that are pending (default: what the file says, or not)')
    .option(
      '--drain <seconds>',
      'how long running jobs may go on after the first signal; then they go back to their position in line',
      '30',
    )
  addLeaseFlags(command)
  addMetricsFlags(command)
}

function optionsOf(flags: Options): WorkOptions {
  const { handler, concurrency, intake, drain } = flags
  return {
    ...leaseTimes(flags),
    handler,
    concurrency: wholeNumber('--concurrency', concurrency, 1, 100_000),
    intake,
    drainMs: (wholeNumber('--drain', drain, 0, 86_400) ?? 30) * 1_000,
    metrics: metricsOf(flags),
  }
}

async function supervise(
  frame: Frame,
  processes: number,
  flags: Options,
  { metrics }: WorkOptions,
): Promise<void> {
  const { handler, concurrency, intake, drain } = flags
  const words = ['work', '--handler', handler, '--drain', drain, '--queue', frame.queue, ...leaseWords(flags)]
  if (frame.url !== undefined) words.push('--url', frame.url)
  if (frame.schema !== undefined) words.push('--schema', frame.schema)
  if (frame.person !== undefined) words.push('--by', frame.person)
  if (frame.as !== undefined) words.push('--as', frame.as)
  if (concurrency !== undefined) words.push('--concurrency', concurrency)
  if (intake === true) words.push('--intake')
  if (flags.metricsTokenFile !== undefined) words.push('--metrics-token-file', flags.metricsTokenFile)
  await new Supervisor(frame, (number) => [...words, ...metricsWords(metrics, number)]).run(processes)
  const ended = `${processes} worker processes have ended`
  if (frame.json) frame.emit({ processes } satisfies SupervisedDocument, ended)
  else frame.note(ended)
}

/** Each process has a port of its own: the ones after the one that was named. */
function metricsWords(metrics: WorkOptions['metrics'], number: number): readonly string[] {
  if (metrics === undefined) return []
  const { host = '127.0.0.1', port } = metrics
  return ['--metrics', `${host}:${port === 0 ? 0 : port + number - 1}`]
}
