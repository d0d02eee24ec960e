import { queueView } from '../../coordinator/api/view.ts'
import { beginEpoch } from '../../coordinator/commit/begin-epoch.ts'
import type { LogStore } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { NotDone } from '../failure.ts'
import type { Frame } from '../frame.ts'
import { doubtOf } from '../in-doubt.ts'
import { lookAt } from '../look.ts'
import { checkDoubtful, decide, type Said, wishesOf } from '../recover/decide.ts'
import { reportOf, type Seen, tell } from '../recover/report.ts'
import { orUnreadable, voidUnreadable } from '../recover/void.ts'
import { withCoordinator, withStore } from '../store.ts'

const PATIENCE_MS = 30_000

interface Options extends Said {
  readonly [flag: string]: unknown
  readonly begin?: boolean
  readonly void?: boolean
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export function addRecover(cli: Cli): void {
  cli
    .command<Options>(
      'recover',
      [
        ['recover', 'lists the jobs whose end may be lost; workers that were running have drained the queue'],
        ['recover --begin', 'first, if no process was running that could notice: a new epoch'],
        ['recover --completed a --requeue b --fail c', 'what became of each; may be repeated'],
        [
          'recover --void',
          'gets past events that nobody can read, which recover shows; the log stays as it is',
        ],
        ['resume', 'when none is left'],
      ],
      async (frame, _, options) => {
        const wishes = wishesOf(options)
        if (options.begin === true) await begin(frame)
        const { seen, voided } = await withStore(frame, async (store) => ({
          voided: options.void === true ? await voidUnreadable(frame, store) : [],
          seen: await orUnreadable(frame, store, () => look(frame, store)),
        }))
        if (wishes.length === 0) return tell(frame, reportOf(seen, { voided }))
        for (const { jobId } of wishes) checkDoubtful(seen, jobId)
        await withCoordinator(frame, async (coordinator) => {
          const said = await decide(coordinator, seen, wishes)
          // Before the process leaves the queue, which takes its time where the database is away.
          tell(frame, said)
          if (said.undecided.length > 0) throw new NotDone()
        })
      },
    )
    .option(
      '--void',
      'declares events void that nobody can read, in a new epoch, in which the queue is drained',
    )
    .option('--begin', 'a new epoch, in which the queue is drained')
    .option('--completed <job>', 'it was done', collect)
    .option('--requeue <job>', 'it goes back into the line, at no cost', collect)
    .option('--fail <job>', 'it has failed, for good', collect)
}

/** Before this process joins the queue: with its first beat it would expire leases of jobs that are in doubt. */
function begin(frame: Frame): Promise<void> {
  const { queue, signal, as: name } = frame
  const patience = { forMs: PATIENCE_MS, signal }
  return withStore(frame, (store) => beginEpoch({ store, queue, patience, name }))
}

/** Without joining the queue, for the same reason. */
async function look(frame: Frame, store: LogStore): Promise<Seen> {
  const { ledger, now } = await lookAt(frame, store)
  const view = queueView(frame.queue, ledger, now)
  return { view, doubtful: (await doubtOf(store, view)).jobs }
}
