import { batchSizeOf } from '../line/batch.ts'
import { settle } from '../needs/blocking.ts'
import type { AsOf } from '../needs/need.ts'
import { hasLapsed } from '../needs/offer-expiry.ts'
import { hasModels } from '../needs/places.ts'
import { freeShare, passOver } from '../needs/tally.ts'
import { hasSlot, isHeldBack, mayStart } from '../needs/waits.ts'
import type { Draft } from '../state/draft.ts'
import { isInLine, type Job, usesSlot } from '../state/job.ts'
import { nextOffered, runsKind } from '../state/kinds.ts'
import { jobOf, noPositions } from '../state/ledger.ts'
import { keeperIn } from '../state/serving.ts'
import type { Claim } from '../values/command.ts'
import { isSameRule } from '../values/policy.ts'
import { earlier, type LinePosition } from '../values/position.ts'
import { followUp } from './follow-up.ts'
import { scanBehindLapsed, scanLines } from './scan.ts'
import type { Scribe } from './scribe.ts'
import { MOST_TAKEN, startBatch, startFor } from './starting.ts'
import { nextTurn } from './turn.ts'
import { takeWarm } from './warm.ts'

/**
 * Gives away what became startable, in line order: each job goes to the process that asked for it, or is offered to all. Of all
 * offers the sender of the command takes what it claims. So a blocker never leaves without its successor, and a hand-off costs
 * one commit.
 */
export function dispatch(scribe: Scribe): void {
  const { claim } = scribe.command
  const { startsNothing, looksAtAll } = scribe.surroundings
  const isSaid = claim?.serves !== undefined || claim?.keeps !== undefined
  if (isSaid && startsNothing !== true) noteServes(scribe, claim)
  const { settled, propagating } = scribe.draft
  if (settled.size + propagating.size > 0) followUp(scribe)
  if (startsNothing === true) return settle(scribe.draft)
  if (looksAtAll === true) scribe.draft.wide = true
  const most = Math.min(claim?.max ?? 0, MOST_TAKEN)
  const warm = claim === undefined ? 0 : takeWarm(scribe, claim, most)
  giveAwayAll(scribe)
  if (claim === undefined) return
  for (let left = most - warm; left > 0; ) {
    const taken =
      scribe.draft.fair === null ? takeOffers(scribe, claim, left) : takeTurns(scribe, claim, left)
    if (taken === 0 || !scribe.isFull) return
    left -= taken
    scribe.makeRoom()
    giveAwayAll(scribe)
  }
}

/**
 * Who claims may say which places his process serves, and how many models it keeps. It is recorded if it is new. A process whose lease is over
 * is not alive, whatever it says.
 */
function noteServes(scribe: Scribe, claim: Claim): void {
  const { draft, command, surroundings } = scribe
  const { workerId } = command
  if (surroundings.deadWorkers.has(workerId)) return
  const known = draft.servers.find(({ worker }) => worker === workerId)?.places
  const kept = keeperIn(draft.keepers, workerId)?.keeps
  const { serves: places = known, keeps = kept } = claim
  if (isSameRule(known, places) && kept === keeps) return
  scribe.record({ type: 'worker_serves', workerId, ...(places && { places }), ...(keeps && { keeps }) })
}

function giveAwayAll(scribe: Scribe): void {
  const { draft } = scribe
  settle(draft)
  offerUnbound(scribe)
  const { maxOvertakes, offerMs } = draft.policy
  // In strict order nobody passes those who may start since an offer ahead ran out. Where there are places it is not known who they are.
  if (draft.placed && maxOvertakes === 0 && hasLapsed(draft, scribe.now)) draft.wide = true
  // An offer that keeps nothing lets others pass in the same append. In strict order only jobs of another kind pass one that has run out.
  if (maxOvertakes !== 0 || offerMs === 0 || draft.placed) offerInLines(scribe, scanLines)
  else if (draft.kinds.size > 1 && hasLapsed(draft, scribe.now)) offerInLines(scribe, scanBehindLapsed)
  else offerReady(scribe)
  // An offered job may be pinned to another place than before: who stood behind it waits for somebody else.
  if (draft.placed) settle(draft)
  draft.freed.clear()
  draft.arrived.length = 0
  draft.wide = scribe.isFull
}

function offerUnbound(scribe: Scribe): void {
  if (scribe.draft.draining) return
  const next = () => (scribe.isFull ? undefined : scribe.draft.unbound.min())
  for (let position = next(); position !== undefined; position = next()) giveAway(scribe, position)
}

/**
 * In strict order the jobs whose models are free are known: the first one that finds a slot is next. A job that is limited (a
 * rate, a fair share) keeps its position, and others start before it.
 */
function offerReady(scribe: Scribe): void {
  const { draft, now } = scribe
  const view = viewOf(scribe)
  let passed = noPositions
  for (let position = draft.ready.min(); position !== undefined; ) {
    const job = draft.jobs.get(position)
    if (job === undefined || scribe.isFull || !hasSlot(view, job)) return
    if (isHeldBack(view, job)) {
      passed = passOver(draft, job, passed, now)
      position = earlier(draft.ready.after(position), passed.min())
    } else {
      giveAway(scribe, position)
      passed = noPositions
      position = draft.ready.min()
    }
  }
}

/** A start that fills a model ends the offers on it. What those kept of other models is free, so it looks there too. */
function offerInLines(scribe: Scribe, scan: typeof scanLines): void {
  const { draft } = scribe
  for (
    let reach = -1, ended = -1;
    (reach < reachOf(draft) || ended < draft.offersEnded) && !scribe.isFull;
  ) {
    reach = reachOf(draft)
    ended = draft.offersEnded
    scan(
      draft,
      scribe.now,
      (position) =>
        offerIfStartable(scribe, position) && reach === reachOf(draft) && ended === draft.offersEnded,
    )
  }
}

/** In how many lines something came free. It only grows until everything is given away. */
function reachOf(draft: Draft): number {
  return draft.wide ? Number.POSITIVE_INFINITY : draft.freed.size
}

function offerIfStartable(scribe: Scribe, position: LinePosition): boolean {
  const { draft } = scribe
  const job = draft.jobs.get(position)
  if (job === undefined || !isInLine(job) || (job.offeredAt !== null && !mayYetBeAskers(draft, job)))
    return true
  const view = viewOf(scribe)
  if (scribe.isFull || !hasSlot(view, job)) return false
  if (!isHeldBack(view, job) && hasModels(view, job)) giveAway(scribe, position)
  return true
}

function giveAway(scribe: Scribe, position: LinePosition): void {
  const job = scribe.draft.jobs.get(position)
  if (job === undefined) return
  if (job.asker !== null && mayStartFor(scribe, job, job.asker)) startFor(scribe, job, job.asker)
  else if (job.offeredAt === null) {
    scribe.offer(job.jobId)
    if (scribe.draft.policy.uses !== undefined && usesSlot(job)) lookBehind(scribe.draft, job)
  }
}

/**
 * A job that lacks nothing but a resource keeps it from those behind. Now it may stand behind this offer at a place, or have no share left: what
 * it kept is free.
 */
function lookBehind(draft: Draft, offered: Job): void {
  if (draft.placed) settle(draft)
  freeShare(draft, offered)
}

const viewOf = ({ draft, now }: Scribe, by?: string): AsOf => ({ ledger: draft, now, by })

/** It was offered to all, since the process that asked for it serves none of the places that were free then. */
const mayYetBeAskers = ({ servers }: Draft, { asker, places }: Job): boolean =>
  asker !== null && places !== null && servers.length > 0

/** The process is alive, and what is free for the job is so in that process too. */
function mayStartFor(scribe: Scribe, job: Job, workerId: string): boolean {
  const { draft, surroundings } = scribe
  const { deadWorkers, heldBack } = surroundings
  if (deadWorkers.has(workerId) || heldBack?.has(job.jobId) === true) return false
  return draft.servers.length === 0 || job.places === null || hasModels(viewOf(scribe, workerId), job)
}

/** How many of them it took, at most `most`; a batch counts once. */
function takeOffers(scribe: Scribe, claim: Claim, most: number): number {
  const { draft } = scribe
  let taken = 0
  const next = (behind?: LinePosition) => nextOffered(draft, claim.kinds, behind)
  for (let position = next(); position !== undefined && taken < most; ) {
    const { offersMade } = scribe
    const job = draft.jobs.get(position)
    if (job !== undefined && take(scribe, job, batchSizeOf(claim, job.spec.kind))) taken++
    // A start that ends offers frees what those kept, perhaps for jobs ahead of it.
    position = next(scribe.offersMade > offersMade ? undefined : position)
  }
  return taken
}

/** The same where it goes by what fair keys have used. Those that use no slot wait for nobody. */
function takeTurns(scribe: Scribe, claim: Claim, most: number): number {
  const { draft, now, command, surroundings } = scribe
  let taken = takeUnbound(scribe, claim, most)
  const { workerId: worker } = command
  const runs = (kind: string) => runsKind(claim, kind)
  const processFor = (job: Job) => processOf(scribe, claim, job)
  const asked = { worker, runs, processFor, now, heldBack: surroundings.heldBack }
  while (taken < most && draft.offered.size > 0) {
    const turn = nextTurn(draft, { ...asked, at: scribe.nextAt })
    if (turn === undefined) break
    const { job, ...how } = turn
    const size = Math.min(batchSizeOf(claim, job.spec.kind), MOST_TAKEN - scribe.started)
    startBatch(scribe, job, command.workerId, size, how)
    taken++
    if (reachOf(draft) > 0) giveAwayAll(scribe)
  }
  return taken
}

function takeUnbound(scribe: Scribe, claim: Claim, most: number): number {
  const { draft } = scribe
  let taken = 0
  for (let position = nextOffered(draft, claim.kinds); position !== undefined && taken < most; ) {
    const job = draft.jobs.get(position)
    const isUnbound = job !== undefined && !usesSlot(job)
    if (isUnbound && take(scribe, job, batchSizeOf(claim, job.spec.kind))) taken++
    position = nextOffered(draft, claim.kinds, position)
  }
  return taken
}

/** The sender, unless the job is of another kind, or its own asker waits for it; null: it is about to be cancelled. */
function processOf({ command, surroundings }: Scribe, claim: Claim, job: Job): string | null | undefined {
  const { workerId } = command
  const { deadWorkers, heldBack } = surroundings
  if (!runsKind(claim, job.spec.kind)) return undefined
  const isAskers = job.asker !== null && job.offeredAt === null && !deadWorkers.has(job.asker)
  if (deadWorkers.has(workerId) || (isAskers && job.asker !== workerId)) return undefined
  return heldBack?.has(job.jobId) === true ? null : workerId
}

/**
 * The sender takes an offered job, if the job still may start and the sender is alive; with it the next ones, if it takes several at once.
 * What that frees goes to others.
 */
function take(scribe: Scribe, job: Job, size = 1): boolean {
  const { draft, command } = scribe
  if (scribe.surroundings.startsNothing === true || !mayStartFor(scribe, job, command.workerId)) return false
  if (!mayStart(viewOf(scribe, command.workerId), job)) return false
  startBatch(scribe, job, command.workerId, Math.min(size, MOST_TAKEN - scribe.started))
  if (reachOf(draft) > 0) giveAwayAll(scribe)
  return true
}

/** The sender takes this very job, if it is offered and still may start. */
export function takeJob(scribe: Scribe, jobId: string): void {
  const job = jobOf(scribe.draft, jobId)
  if (job !== undefined && !job.active && job.offeredAt !== null) take(scribe, job)
}
