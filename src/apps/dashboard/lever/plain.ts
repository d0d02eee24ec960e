/** What becomes of jobs, in plain words. */
import { jobOf, type Ledger } from '../../../engine/core/index.ts'
import { agree, plural } from '../../../tools/format/index.ts'
import type { ChangePreview } from '../../../tools/operate/index.ts'

const fates = {
  stops: (n: number) => `${plural(n, 'job')} ${agree(n, 'stops', 'stop')} waiting`,
  held: (n: number) => `${plural(n, 'waiting job')} may not start any more`,
  freed: (n: number) => `${plural(n, 'held job')} ${agree(n, 'stands', 'stand')} in line again`,
  moved: (n: number) => `${plural(n, 'waiting job')} ${agree(n, 'gets', 'get')} another place in line`,
  again: (n: number) => `${plural(n, 'job')} ${agree(n, 'waits', 'wait')} in line again`,
  deleted: (n: number) =>
    `${plural(n, 'ended job')} ${agree(n, 'is', 'are')} deleted, with payload and result`,
  asked: (n: number) => `${plural(n, 'running job')} ${agree(n, 'is', 'are')} asked to end`,
  ended: (n: number) => `${plural(n, 'running job')} ${agree(n, 'ends', 'end')} at once`,
  goOn: (n: number) => `${plural(n, 'running job')} ${agree(n, 'goes', 'go')} on`,
}
type Fate = keyof typeof fates

/** One sentence for each thing that happens: `167 jobs stop waiting. 2 running jobs go on.` */
function sentences(all: readonly Fate[], running: number): string {
  const of = (fate: Fate) => all.filter((each) => each === fate).length
  const goOn = Math.max(0, running - of('asked') - of('ended'))
  return (Object.keys(fates) as Fate[])
    .map((fate) => [fate, fate === 'goOn' ? goOn : of(fate)] as const)
    .filter(([, n]) => n > 0)
    .map(([fate, n]) => `${fates[fate](n)}.`)
    .join(' ')
}

/** Of the jobs that one command changes. */
export const plainText = (before: Ledger, after: Ledger, jobIds: readonly string[]): string =>
  sentences(
    jobIds.flatMap((jobId) => fateOf(before, after, jobId) ?? []),
    before.active.size,
  )

function fateOf(before: Ledger, after: Ledger, jobId: string): Fate | null {
  const [was, is] = [jobOf(before, jobId), jobOf(after, jobId)]
  if (was === undefined) return is === undefined ? null : 'again'
  if (is === undefined) return was.active ? 'ended' : 'stops'
  if (was.active) return is.cancelRequested && !was.cancelRequested ? 'asked' : null
  if (was.held === null && is.held !== null) return 'held'
  return was.held !== null && is.held === null ? 'freed' : 'moved'
}

/** Of jobs that are found by what they are. @param running how many run in all */
export function plainTextOfMany({ change, jobs }: ChangePreview, running: number): string {
  const fate = (state: string): Fate => {
    if (change.do === 'move') return 'moved'
    if (change.do === 'retry') return 'again'
    if (state !== 'active') return change.do === 'cancel' || state === 'waiting' ? 'stops' : 'deleted'
    return change.do === 'cancel' && change.force === true ? 'ended' : 'asked'
  }
  return sentences(
    jobs.map(({ state }) => fate(state)),
    running,
  )
}
