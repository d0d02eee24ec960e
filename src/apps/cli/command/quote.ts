import { startText } from '../../../tools/format/index.ts'
import { type QuoteDocument, quote } from '../../../tools/operate/index.ts'
import type { Cli } from '../cli.ts'
import { withStore } from '../store.ts'
import { facts } from '../terminal/table.ts'
import { type JobOptions, jobOf, withJob } from './enqueue.ts'

/** A job without an id is asked for under this one. */
const ANY = 'quote'

export function addQuote(cli: Cli): void {
  const command = cli.command<JobOptions>(
    'quote',
    [
      ['quote --models flux-dev', 'whether such a job may start now, else why not, and when it would'],
      ['quote --models "flux-dev;upscale" --kind draw --priority 1', 'one of two models, with a priority'],
      ['quote --job report-1 --models flux-dev --json', 'everything, for programs'],
    ],
    (frame, _, options) =>
      withStore(frame, async (store) => {
        const document = await quote(frame.access(store), jobOf({ ...options, job: options.job ?? ANY }))
        frame.emit(document, facts(rowsOf(document), frame.colors.dim))
      }),
  )
  withJob(command)
}

function rowsOf({
  isNew,
  standsFor,
  isStartable,
  explanation,
  ...starts
}: QuoteDocument): [string, string][] {
  const was = isNew ? 'it would be put in line' : 'it is there already'
  const rows: [string, string][] = [['job', standsFor === undefined ? was : `job ${standsFor} stands for it`]]
  if (explanation === null) return [['job', 'it was enqueued once, and has ended']]
  rows.push(['may start', isStartable ? 'yes' : 'no'], ['why', explanation.reason])
  if (explanation.ahead !== null)
    rows.push(['position', `${explanation.ahead} ahead in the line of the queue`])
  if (explanation.state === 'waiting') rows.push(['starts', startText(starts)])
  if (explanation.chain.length > 0) rows.push(['waits for', explanation.chain.slice(0, 5).join(' ← ')])
  return [...rows, ['to do', explanation.whatHasToHappen]]
}
