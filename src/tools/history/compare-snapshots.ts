import { readSnapshot, snapshotTexts } from '../../engine/coordinator/replica/snapshots.ts'
import {
  byPosition,
  isInterlockError,
  type Job,
  type Ledger,
  type Micros,
  type SnapshotLine,
  snapshotLines,
} from '../../engine/core/index.ts'
import { decodeSnapshotHead } from '../../engine/events/index.ts'
import type { StoredSnapshot } from '../../engine/store/index.ts'
import type { Opened } from './access.ts'
import type { Difference } from './row-differences.ts'

/** The snapshots that are kept of events after `after`, up to `upTo`: the oldest first. */
export async function snapshotsAfter(
  { store, queue }: Opened,
  after: number,
  upTo: number,
): Promise<readonly StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for (let at = upTo; at > after; ) {
    const kept = await store.snapshot(queue, at)
    if (kept === null || kept.seq <= after) break
    found.push(kept)
    at = kept.seq - 1
  }
  return found.toReversed()
}

/**
 * Compares a snapshot with the ledger that the log comes to at its number. One that was deleted meanwhile, or that only a newer release can
 * read, is left out.
 * @param since when the log said that passes stay: from then on all processes know how often jobs were passed
 * @returns the first difference; null: there is none
 */
export async function compareSnapshot(
  access: Opened,
  kept: StoredSnapshot,
  ledger: Ledger,
  since: Micros,
): Promise<Difference | null> {
  const { store, queue, onNote } = access
  const row = `job_queue_snapshots ${kept.seq}`
  try {
    if (await isAsWritten(access, kept, ledger)) return null
    // Written by another release, in other words, or of another ledger.
    const isOlder = decodeSnapshotHead(kept.seq, kept.state).digest === undefined
    const read = await readSnapshot(store, queue, kept)
    const [stored, folded] = [partsOf(read), partsOf(ledger)]
    const names = isOlder ? stored.keys() : new Set([...folded.keys(), ...stored.keys()])
    for (const name of names) {
      const found = differenceIn(name, stored.get(name), folded.get(name), isOlder)
      if (found !== null) return { row, ...found }
    }
    const passed = differenceIn('passes', passesIn(read, since), passesIn(ledger, since), isOlder)
    return passed && { row, ...passed }
  } catch (error) {
    if (isInterlockError(error, 'corrupt_log'))
      return { row, field: '*', stored: error.message, folded: 'what was kept' }
    if (!isInterlockError(error, 'database_newer') && !isInterlockError(error, 'contention')) throw error
    onNote(`skipped: ${error.message}`)
    return null
  }
}

/** Whether each line has the very text that this release writes. A chunk at a time is in memory. */
async function isAsWritten({ store, queue }: Opened, kept: StoredSnapshot, ledger: Ledger): Promise<boolean> {
  const own = textsOf(ledger)
  let isSame = true
  for await (const line of snapshotTexts(store, queue, kept)) isSame &&= own.next().value === line
  return isSame && own.next().done === true
}

function* textsOf(ledger: Ledger): Generator<string> {
  for (const line of snapshotLines(ledger)) if (line !== null) yield JSON.stringify(line)
}

/** The rows of a snapshot by the kind of their line, as JSON has them. How often jobs were passed is left out ({@link passesIn}). */
function partsOf(ledger: Ledger): ReadonlyMap<SnapshotLine[0], unknown[]> {
  const parts = new Map<SnapshotLine[0], unknown[]>()
  for (const text of textsOf(ledger)) {
    const [kind, ...rest] = JSON.parse(text) as [SnapshotLine[0], ...unknown[]]
    if (kind === 'passes') continue
    if (kind === 'jobs') for (const row of rest[0] as unknown[][]) leaveOutPasses(row)
    const rows = parts.get(kind) ?? []
    parts.set(kind, rows)
    rows.push(...(rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest))
  }
  return parts
}

/**
 * What has passed jobs since then, by the first of those that are alike. Of before, a process that began with a snapshot of an older release knows
 * less than the log: those releases forgot it when a job left the line. What came from ahead of a job does not count, so it may be kept or not.
 */
function passesIn(ledger: Ledger, since: Micros): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  const note = ({ position }: Pick<Job, 'position'>, passes: NonNullable<Job['passes']>) => {
    const counted = passes.filter((pass) => pass.at > since && byPosition(pass.position, position) > 0)
    if (counted.length > 0) found[position.jobId] = counted
  }
  for (const { members, passes } of ledger.classes) {
    const position = members.min()
    if (position !== undefined) note({ position }, passes)
  }
  for (const job of ledger.jobs) if (job.passes !== null) note(job, job.passes)
  return found
}

function leaveOutPasses(row: unknown[]): void {
  const { passes: _, ...unusual } = (row[4] ?? {}) as Readonly<Record<string, unknown>>
  row.length = 4
  if (Object.keys(unusual).length > 0) row.push(unusual)
}

type Found = Pick<Difference, 'field' | 'stored' | 'folded'>

/** When a schedule was last removed: older releases did not write it, and who began with a snapshot of theirs may not know it. */
const MAY_BE_MISSING = 'queue.1.unscheduled'

/** @param isOlder what an older release did not know is not there */
function differenceIn(field: string, stored: unknown, folded: unknown, isOlder: boolean): Found | null {
  if (stored === folded || (stored === undefined && (isOlder || field === MAY_BE_MISSING))) return null
  if (!isObject(stored) || !isObject(folded) || Array.isArray(stored) !== Array.isArray(folded))
    return { field, stored: stored ?? null, folded: folded ?? null }
  for (const key of new Set([...Object.keys(folded), ...Object.keys(stored)])) {
    const found = differenceIn(`${field}.${key}`, stored[key], folded[key], isOlder)
    if (found !== null) return found
  }
  return null
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
