import { letGoBeside, takePositions } from '../../line/pausing.ts'
import { withKeeper } from '../../line/warmth/loaded.ts'
import type { Draft } from '../../state/draft.ts'
import { isInLine } from '../../state/job.ts'
import { modelOf } from '../../state/ledger.ts'
import { isOpen, isServed, isServedAtOnce, type Servers, serversAt, spokenOf } from '../../state/serving.ts'
import { allPlaces, siteOf } from '../../state/site.ts'
import type { RecordedEvent } from '../../values/event.ts'
import { byPosition, type LinePosition } from '../../values/position.ts'
import { corrupt } from './lookup.ts'

/**
 * A process says which places it serves and how many models it keeps loaded, or is gone. Jobs leave the places that it does not serve any more, unless others do; those that
 * nobody served come into line where it serves some. This costs as much as the lines of the places are long that it leaves, plus those jobs.
 */
export function changeServers(
  draft: Draft,
  event: RecordedEvent & { readonly type: 'worker_serves' | 'worker_gone' },
): void {
  const { workerId } = event
  const isGone = event.type === 'worker_gone'
  const before = draft.servers
  if (isGone && !spokenOf(draft).includes(workerId))
    throw corrupt(event, `worker ${workerId} has not said which places it serves`)
  draft.keepers = withKeeper(draft.keepers, workerId, isGone ? undefined : event.keeps)
  const others = before.filter(({ worker }) => worker !== workerId)
  const places = isGone ? undefined : event.places
  if (places === undefined && others.length === before.length) return
  draft.servers = places === undefined ? others : [...others, { worker: workerId, places }]
  const moving = new Set<LinePosition>()
  let isMore = false
  for (const place of allPlaces(draft.policy)) {
    const had = isCoveredBy(before, workerId, place)
    const has = isCoveredBy(draft.servers, workerId, place)
    if (had && !has) for (const at of unservedAt(draft, place)) moving.add(at)
    // One that has said nothing may have what others serve, and so may one that says nothing any more.
    const mayNow = !isServed(before, place, workerId) && isServed(draft.servers, place, workerId)
    if (mayNow || (has && !had)) draft.free(siteOf(place))
    isMore ||= has && !had
  }
  const held = isMore ? letGoBeside(draft) : []
  takePositions(draft, [...moving, ...held].sort(byPosition))
}

/** Whether this process serves it. While none names a place, each one does. */
const isCoveredBy = (servers: Servers, workerId: string, place: string): boolean =>
  isOpen(servers) || serversAt(servers, place).has(workerId)

/** Those that are pinned to this place, and to no places any more that one process serves. */
function* unservedAt(draft: Draft, place: string): Generator<LinePosition> {
  for (const at of modelOf(draft, siteOf(place)).line) {
    const job = draft.jobs.get(at)
    if (job?.places == null || !isInLine(job)) continue
    if (!isServedAtOnce(draft.servers, job.places)) yield at
  }
}
