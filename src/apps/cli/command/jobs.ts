import { opened } from '../../../tools/history/access.ts'
import { diagnoseFirst, findJobs, foundStates, jobsDocument } from '../../../tools/operate/jobs.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { addFilterFlags, type FilterFlags, filterIn } from '../job-filter.ts'
import { jobsText } from '../show/jobs.ts'
import { withAccess } from '../store.ts'

interface Options extends FilterFlags {
  readonly limit: string
}

export function addJobs(cli: Cli): void {
  const command = cli.command<Options>(
    'jobs',
    [
      ['jobs --model flux-dev --older 10m', 'what has been in line for that model for ten minutes and more'],
      ['jobs --state dead --newer 24h', 'what failed for good in the last day'],
      ['jobs --state completed --newer 1h', 'what has ended well, of the newest 50,000 events of the log'],
      ['jobs --customer acme --json', 'for programs'],
    ],
    async (frame, _, flags) => {
      const limit = wholeNumber('--limit', flags.limit, 1, 1_000) ?? 20
      filterIn(flags, 0)
      await withAccess(frame, async (given) => {
        const access = opened(given)
        const { now } = await access.store.read(access.queue, 0, 1)
        const found = await findJobs(access, filterIn(flags, now))
        const diagnosed = await diagnoseFirst(access, found, limit)
        frame.emit(jobsDocument(access.queue, found, diagnosed), jobsText(frame, diagnosed, found))
      })
    },
  )
  addFilterFlags(command, foundStates).option('--limit <n>', 'how many are shown, up to 1,000', '20')
}
