import type { Command } from 'commander'
import { invalidInput } from '../../engine/core/index.ts'
import { count, plural } from '../../tools/format/index.ts'
import { opened } from '../../tools/history/access.ts'
import { type ChangeDocument, changeJobs } from '../../tools/operate/change-jobs.ts'
import { changeable, type JobChange, previewWith } from '../../tools/operate/preview-change.ts'
import { alsoFails } from './exit.ts'
import { NotDone } from './failure.ts'
import type { Frame } from './frame.ts'
import { addFilterFlags, type FilterFlags, filterIn, typedFilter } from './job-filter.ts'
import { previewText } from './show/jobs.ts'
import { withStore } from './store.ts'
import { isConfirmed } from './terminal/ask.ts'

const SHOWN = 10

export interface ManyFlags extends FilterFlags {
  readonly yes?: boolean
}

/** What is done to many jobs. */
interface Deed {
  readonly verb: JobChange['do']
  /** What was done, for people: `cancelled, or asked to stop`. */
  readonly done: string
  readonly change: () => JobChange | Promise<JobChange>
}

export const addManyFlags = (command: Command, verb: JobChange['do']): Command =>
  addFilterFlags(command, changeable[verb].all, changeable[verb].usual)
    .option('--yes', 'with a filter: do not ask first')
    .addHelpText(
      'after',
      `${alsoFails('some of the jobs were refused; the others are changed')}Exit code 0: also if no job fits\n`,
    )

/**
 * Shows the jobs that the flags name, asks, and does it in parts. A job that has changed since it was shown is left out and named.
 * @throws InterlockError `invalid_input` where nobody can be asked and `--yes` is missing
 */
export async function doToMany(frame: Frame, flags: ManyFlags, deed: Deed): Promise<void> {
  const { usual, all } = changeable[deed.verb]
  checkMayAsk(frame, flags, deed)
  filterIn(flags, 0, usual, all)
  const change = await deed.change()
  await withStore(frame, async (store) => {
    const access = opened(frame.access(store))
    const { now } = await store.rows(access.queue, 0, 1)
    const { preview, look, found } = await previewWith(access, change, filterIn(flags, now, usual, all))
    if (found.length > 0)
      frame.note([
        ...previewText(frame, found.slice(0, SHOWN), look.now),
        ...(found.length > SHOWN ? [`… and ${count(found.length - SHOWN)} more`] : []),
      ])
    const isMeant =
      flags.yes === true || found.length === 0 || (await isConfirmed(frame, questionOf(deed, found.length)))
    const meant = isMeant ? preview : { ...preview, jobs: [] }
    emitDone(frame, deed, { ...(await changeJobs(access, meant, frame.by)), matched: found.length })
  })
}

const questionOf = ({ verb }: Deed, many: number): string => `${verb} ${plural(many, 'job')}?`

function checkMayAsk({ surface }: Frame, flags: ManyFlags, { verb }: Deed): void {
  if (flags.yes === true || surface.keys !== undefined) return
  const typed = typedFilter({ state: changeable[verb].usual, ...flags })
  throw invalidInput(
    `${verb} of several jobs asks first, and there is no terminal to answer on; add --yes, or see the jobs first: npx interlock-queue jobs${typed}`,
  )
}

/** @throws NotDone if a job was refused: it is printed by then */
function emitDone(frame: Frame, deed: Deed, result: ChangeDocument): void {
  const { matched, done, changed, failed } = result
  const left = `${plural(changed.length, 'job')} skipped, since they changed meanwhile: ${changed.join(', ')}`
  frame.emit(result, [
    matched === 0 ? 'no job fits; nothing was changed' : `${plural(done.length, 'job')} ${deed.done}`,
    ...(changed.length === 0 ? [] : [left]),
    ...failed.map(({ jobId, code, message }) => `job ${jobId}: ${message} (${code})`),
  ])
  if (failed.length > 0) throw new NotDone()
}
