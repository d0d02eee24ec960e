import type { Scribe } from '../dispatch/scribe.ts'
import { jobOf } from '../state/ledger.ts'
import type { JobLinks, ParentChoice, Refusal } from '../values/command.ts'
import type { JobOutcome, JobSpec } from '../values/job.ts'
import { numberText } from '../values/number-text.ts'
import { refused } from './result.ts'

/** How many ids one `linked` event has at most, and what they may weigh: an event has 64 KB. */
const MOST_IDS = 500
const MOST_WEIGHT = 60_000
const weightOf = (jobId: string): number => 3 * jobId.length + 4

/** An append takes 25,000 events; some are left for what starts. */
const MOST_EVENTS = 24_000

/** What one `linked` event says. */
export interface Linked {
  readonly jobId: string
  readonly after: string[]
  readonly goesOn: boolean
  readonly outcome: JobOutcome | undefined
}

/**
 * The events that link new jobs to those that they come after, or why they cannot be linked. A parent is live, comes in the same command,
 * or has ended: then the store knows how. Ids that the ledger does not have, and of which nobody has asked the store yet, are noted.
 */
export function linksFor(
  scribe: Scribe,
  specs: readonly JobSpec[],
  fresh: readonly JobSpec[],
  links: readonly JobLinks[] = [],
): readonly Linked[] | Refusal {
  const coming = new Set(fresh.map(({ jobId }) => jobId))
  const own = links.filter(({ jobId }) => coming.has(jobId))
  const bare = fresh.find(
    ({ jobId, after }) => after !== undefined && !own.some((one) => one.jobId === jobId),
  )
  if (bare !== undefined)
    return refused(
      'invalid_input',
      `job ${bare.jobId} comes after jobs that it does not name; name them (after)`,
    )
  const unknown = unknownIn(scribe, specs, own, coming)
  if (unknown !== undefined) return unknown
  const circle = circleIn(own)
  if (circle !== undefined) return circular(circle)
  return own.flatMap((one) => groupsOf(scribe, one, coming))
}

/** Why so many events do not go into one append; undefined: they do. */
export function refuseTooMany(linked: readonly Linked[], fresh: readonly JobSpec[]): Refusal | undefined {
  if (linked.length + fresh.length <= MOST_EVENTS) return undefined
  return refused(
    'invalid_input',
    `jobs: their links make ${numberText(linked.length)} events, beside ${numberText(fresh.length)} for the jobs, and one call takes ${numberText(MOST_EVENTS)}; send them in several calls`,
  )
}

/**
 * Jobs that come back, without those of their parents of which nobody knows any more how they ended: these are over. One that has no others
 * comes after none.
 */
export function withoutForgotten(
  { draft, surroundings }: Scribe,
  fresh: readonly JobSpec[],
  links: readonly JobLinks[] = [],
): { readonly fresh: readonly JobSpec[]; readonly links: readonly JobLinks[] } {
  const coming = new Set(fresh.map(({ jobId }) => jobId))
  const isForgotten = ({ job }: ParentChoice): boolean =>
    surroundings.ended?.get(job) === null && !coming.has(job) && jobOf(draft, job) === undefined
  const known = links
    .map(({ jobId, after }) => ({ jobId, after: after.filter((choice) => !isForgotten(choice)) }))
    .filter(({ after }) => after.length > 0)
  const linked = new Set(known.map(({ jobId }) => jobId))
  const back = fresh.map(({ after, ...spec }) =>
    after !== undefined && linked.has(spec.jobId) ? { ...spec, after } : spec,
  )
  return { fresh: back, links: known }
}

/** Whether nobody knows of a parent how it stands. Then the store is asked, unless it was. */
export function isUnknown({ draft, surroundings }: Scribe, job: string): boolean {
  if (jobOf(draft, job) !== undefined || surroundings.ended?.get(job)) return false
  if (surroundings.ended?.has(job) !== true) draft.missing.add(job)
  return true
}

function unknownIn(
  scribe: Scribe,
  specs: readonly JobSpec[],
  links: readonly JobLinks[],
  coming: ReadonlySet<string>,
): Refusal | undefined {
  let refusal: Refusal | undefined
  for (const { jobId, after } of links) {
    for (const [nth, { job }] of after.entries()) {
      if (coming.has(job) || !isUnknown(scribe, job)) continue
      refusal ??= parentUnknown(
        specs.findIndex((spec) => spec.jobId === jobId),
        nth,
        job,
      )
    }
  }
  return refusal
}

const parentUnknown = (index: number, nth: number, job: string): Refusal =>
  refused(
    'parent_unknown',
    `jobs[${index}].after[${nth}]: job ${job} is not live, and neither the log nor its archive says how it ended; enqueue it in the same call or before, or correct the id`,
  )

const MOST_NAMED = 10

export function circular(circle: readonly string[]): Refusal {
  const more = circle.length > MOST_NAMED ? ` → … (${numberText(circle.length - MOST_NAMED)} more)` : ''
  return refused(
    'flow_cycle',
    `these jobs wait for each other, so none of them could ever start: ${circle.slice(0, MOST_NAMED).join(' → ')}${more}; leave out one of these links`,
  )
}

/** Jobs of one command that wait for each other, the first one also last; undefined: none do. Live jobs wait for none of them. */
export function circleIn(links: readonly JobLinks[]): readonly string[] | undefined {
  const parents = new Map(links.map(({ jobId, after }) => [jobId, after.map(({ job }) => job)]))
  const rest = tangledIn(parents)
  const path = new Map<string, number>()
  let [at] = rest
  while (at !== undefined && !path.has(at)) {
    path.set(at, path.size)
    at = parents.get(at)?.find((parent) => rest.has(parent))
  }
  return at === undefined ? undefined : [...[...path.keys()].slice(path.get(at)), at]
}

function tangledIn(parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const free = new Set(parentsFirst(parents))
  return new Set([...parents.keys()].filter((jobId) => !free.has(jobId)))
}

/** Each after those that it waits for, without those that wait for each other, or for such. */
export function parentsFirst(parents: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const children = new Map<string, string[]>()
  const waits = new Map<string, number>()
  for (const [jobId, after] of parents) {
    const own = after.filter((parent) => parents.has(parent))
    waits.set(jobId, own.length)
    for (const parent of own)
      children
        .set(parent, children.get(parent) ?? [])
        .get(parent)
        ?.push(jobId)
  }
  const free = [...parents.keys()].filter((jobId) => waits.get(jobId) === 0)
  for (const jobId of free)
    for (const child of children.get(jobId) ?? []) {
      waits.set(child, (waits.get(child) ?? 0) - 1)
      if (waits.get(child) === 0) free.push(child)
    }
  return free
}

const none: ReadonlySet<string> = new Set()

/** Live parents come first, so that nothing settles before all are known. @param coming those that the same command puts in line */
export function groupsOf(
  { draft, surroundings }: Scribe,
  { jobId, after }: JobLinks,
  coming: ReadonlySet<string> = none,
): Linked[] {
  const groups = new Map<string, Linked>()
  for (const { job, goesOn = false } of after) {
    const isLive = coming.has(job) || jobOf(draft, job) !== undefined
    const outcome = isLive ? undefined : (surroundings.ended?.get(job) ?? undefined)
    const key = `${outcome ?? ''} ${goesOn}`
    const group = groups.get(key) ?? { jobId, after: [], goesOn, outcome }
    groups.set(key, group)
    group.after.push(job)
  }
  const inOrder = [...groups.values()].sort(
    (a, b) => Number(a.outcome !== undefined) - Number(b.outcome !== undefined),
  )
  return inOrder.flatMap((group) => partsOf(group.after).map((ids) => ({ ...group, after: ids })))
}

/** Lists of ids that each fit into one event. */
export function partsOf(ids: readonly string[]): string[][] {
  const parts: string[][] = []
  let room = 0
  for (const id of ids) {
    room -= weightOf(id)
    const last = parts.at(-1)
    if (last !== undefined && room >= 0 && last.length < MOST_IDS) last.push(id)
    else {
      parts.push([id])
      room = MOST_WEIGHT - weightOf(id)
    }
  }
  return parts
}

export function recordLinks(scribe: Scribe, linked: readonly Linked[]): void {
  for (const { jobId, after, goesOn, outcome } of linked)
    scribe.record({
      type: 'linked',
      jobId,
      after,
      ...(goesOn ? { goesOn } : {}),
      ...(outcome === undefined ? {} : { outcome }),
    })
}
