/** Which jobs a start passes because its models were loaded. It finds the same candidates as the decision did. */
import type { Draft } from '../../state/draft.ts'
import type { Job } from '../../state/job.ts'
import type { JobClass } from '../../state/ledger.ts'
import { isSite, mayUse, placeOf } from '../../state/site.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { classOf } from '../classes.ts'
import { overtake } from '../overtaking.ts'
import { withPass } from '../passes.ts'
import { type ClaimView, candidatesInLine, fitsBesideHolders, isPassable } from './candidates.ts'

/**
 * It passes the classes ahead that its process could have taken from. Of the others those that share what it takes are overtaken, as by any
 * start.
 * @param names what it takes
 */
export function passInLine(draft: Draft, job: Job, view: ClaimView, names: readonly string[]): void {
  for (const { job: other, own, places } of [...candidatesInLine(draft, view)]) {
    if (byPosition(other.position, job.position) >= 0) return
    if (places !== undefined) pass(draft, own, job, view)
    else if (names.some((name) => isSharer(draft, other, name))) overtakeAll(draft, own, job.position)
  }
}

/**
 * The same where it was the turn of its key: of that key the first of alike jobs ahead is passed that its process could have had room for. A turn
 * overtakes them as any other does, so nothing but the passes is counted here.
 */
export function passInKey(draft: Draft, firsts: Iterable<Job>, job: Job, view: ClaimView): void {
  for (const other of firsts) {
    const own = byPosition(other.position, job.position) < 0 ? classOf(draft, other) : undefined
    if (
      own !== undefined &&
      isPassable(other) &&
      view.runs(other.spec.kind) &&
      fitsBesideHolders(draft, other, view)
    )
      pass(draft, own, job, view)
  }
}

function pass(draft: Draft, own: JobClass, { position }: Job, { at }: ClaimView): void {
  draft.classes = draft.classes.insert({ ...own, passes: withPass(own, { position, at }) }, draft.owner)
}

const isSharer = ({ policy }: Draft, other: Job, name: string): boolean =>
  isSite(name) ? mayUse(policy, other, placeOf(name)) : other.needs.includes(name)

function overtakeAll(draft: Draft, { members }: JobClass, behind: LinePosition): void {
  for (const position of [...members]) {
    if (byPosition(position, behind) >= 0) return
    const other = draft.jobs.get(position)
    if (other !== undefined) overtake(draft, other)
  }
}
