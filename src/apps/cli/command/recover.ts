import type { Access } from '../../../tools/history/index.ts'
import { opened } from '../../../tools/history/parts.ts'
import type { Said } from '../../../tools/operate/index.ts'
import {
  checkDoubtful,
  decide,
  epochIn,
  orUnreadable,
  reportOf,
  seenAt,
  voidAll,
  wishesOf,
} from '../../../tools/operate/parts.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething, NotDone } from '../failure.ts'
import { collect } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { tell } from '../show/recovery.ts'
import { withAccess, withCoordinator } from '../store.ts'

interface Options extends Said {
  readonly begin?: boolean
  readonly void?: boolean
}

export function addRecover(cli: Cli): void {
  cli
    .command<Options>(
      'recover',
      [
        ['recover', 'lists the jobs whose end may be lost; running workers have drained the queue'],
        ['recover --begin', 'first, if no process was running that could notice: a new epoch'],
        ['recover --completed a --requeue b --fail c', 'how each of them ended; may be repeated'],
        ['recover --void', 'gets past the unreadable events that recover shows; the log stays as it is'],
        ['resume', 'when none is left'],
      ],
      async (frame, _, options) => {
        const wishes = wishesOf(options)
        const { seen, voided } = await withAccess(frame, (access) => looked(frame, access, options))
        if (wishes.length === 0) return tell(frame, reportOf(seen, { voided }))
        for (const { jobId } of wishes) checkDoubtful(seen, jobId)
        await withCoordinator(frame, async (coordinator) => {
          const said = await decide(coordinator, seen, wishes)
          // Before the process leaves the queue, which takes time if the database is away.
          tell(frame, said)
          if (said.undecided.length > 0) throw new NotDone()
        })
      },
    )
    .option('--void', 'declares unreadable events void, in a new epoch, and drains the queue')
    .option('--begin', 'a new epoch, in which the queue is drained')
    .option('--completed <job>', 'it was done', collect)
    .option('--requeue <job>', 'it goes back into the line, at no cost', collect)
    .option('--fail <job>', 'it has failed, for good', collect)
}

/** Runs before this process joins the queue: its first beat would expire the leases of jobs in doubt. */
async function looked(frame: Frame, given: Access, options: Options) {
  const access = opened(given)
  if (options.begin === true) await epochIn(access, frame.by)
  const voided = options.void === true ? await voidAll(access, frame.by) : []
  const found = await orUnreadable(access, () => seenAt(access))
  if ('seen' in found) return { ...found, voided }
  tell(frame, found.unreadable)
  throw new FoundSomething()
}
