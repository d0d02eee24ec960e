import { opened } from '../../../tools/history/access.ts'
import { findJobs, foundStates, usualStates } from '../../../tools/operate/find-jobs.ts'
import { diagnoseFirst, jobsDocument, pageBehind, placeIn } from '../../../tools/operate/jobs.ts'
import type { Cli } from '../cli.ts'
import { wholeNumber } from '../flag-value.ts'
import { addFilterFlags, type FilterFlags, filterIn } from '../job-filter.ts'
import { jobsText } from '../show/jobs.ts'
import { withAccess } from '../store.ts'

interface Options extends FilterFlags {
  readonly limit: string
  readonly from?: string
}

export function addJobs(cli: Cli): void {
  const command = cli.command<Options>(
    'jobs',
    [
      [
        'jobs --state waiting --model flux-dev --until 10m',
        'jobs that need that model and have been in line for ten minutes or more, with what each waits for',
      ],
      ['jobs --model flux-dev --state active', 'who holds that model; `status` says in which process'],
      ['jobs --state dead --since 24h', 'jobs that failed for good in the last day'],
      [
        'jobs --state dead --error "timed out"',
        'jobs that failed for good with that error; `dead` prints the error of each',
      ],
      ['jobs --state completed --since 1h', 'jobs that completed, within the newest 50,000 events'],
      ['jobs --customer acme --json', 'the jobs of one fair key, for programs'],
      [
        'jobs --limit 1000 --json --from "$next"',
        'the page behind the first 1,000: `next` of that page, which is null on the last one',
      ],
    ],
    async (frame, _, flags) => {
      const limit = wholeNumber('--limit', flags.limit, 1, 1_000) ?? 20
      filterIn(flags, 0)
      const last = placeIn(flags.from)
      await withAccess(frame, async (given) => {
        const access = opened(given)
        const { now } = await access.store.rows(access.queue, 0, 1)
        const found = pageBehind(last, await findJobs(access, filterIn(flags, now)))
        const diagnosed = await diagnoseFirst(access, found, limit)
        frame.emit(jobsDocument(access.queue, found, diagnosed), jobsText(frame, diagnosed, found))
      })
    },
  )
  addFilterFlags(command, foundStates, usualStates)
    .option('--limit <n>', 'how many to show, under --json as well: up to 1,000; --from has the rest', '20')
    .option('--from <next>', 'the page that begins there: `next` of the one before, under --json')
}
