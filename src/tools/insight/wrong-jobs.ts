import {
  type CheckId,
  explainLive,
  forShell,
  jobOf,
  putOffCodes,
  serversAtPlaces,
} from '../../engine/core/index.ts'
import { agree, count, plural } from '../format/index.ts'
import type { CensusRow } from './census.ts'
import { type FoundWrong, those, type WrongFacts } from './wrong-facts.ts'

/** Live jobs that do not go on by themselves, in the words of `explain`, and submitted ones that do not come into line. */
export const jobsThatWait = (facts: WrongFacts): readonly FoundWrong[] => [
  ...facts.census.flatMap((row) => ofRow(facts, row)),
  ...submittedOf(facts),
]

/** Codes that say by themselves that a job does not go on. */
const standing: ReadonlySet<string> = new Set(['late', 'lost', 'overdue', 'fits_no_place', 'use_over_limit'])

function ofRow(facts: WrongFacts, row: CensusRow): readonly FoundWrong[] {
  // That a process is late is told of the process, not of each of its jobs.
  if (row.code === null || row.code === 'late') return []
  if (standing.has(row.code)) return found(facts, row, row.code as CheckId)
  if (row.unserved) return found(facts, row, 'unserved')
  if (row.kind === null) return []
  return row.code === 'offered' ? found(facts, row, 'offered') : unworked(facts, row)
}

/** No live worker could ever take it, or all that could are busy. */
function unworked(facts: WrongFacts, row: CensusRow): readonly FoundWrong[] {
  const job = jobOf(facts.ledger, row.jobId)
  if (job === undefined) return []
  return found(
    facts,
    row,
    serversAtPlaces(facts.ledger, facts.workers, job).length === 0 ? 'no_worker' : 'busy',
  )
}

/** With the words for the job that has been so the longest. It may have gone on since it was counted. */
function found(facts: WrongFacts, row: CensusRow, id: CheckId): readonly FoundWrong[] {
  const found = explainLive(facts, row.jobId)
  if (found === undefined) return []
  const { jobId, jobs, since, kind } = row
  const others = jobs === 1 ? '' : `; ${count(jobs - 1)} more like it`
  const who = kind === null ? `job ${jobId}` : `job ${jobId} of kind ${kind}`
  return [{ id, what: `${who}: ${found.reason}${others}`, remedy: found.whatHasToHappen, since, jobId }]
}

/** As soon as somebody decides them, or a job of their id has ended. */
const comes: ReadonlySet<string> = new Set(['undecided', 'arrived', 'job_exists'])

function submittedOf({ outside, refused }: WrongFacts): readonly FoundWrong[] {
  const held = (outside?.submitted ?? []).filter(({ code }) => !comes.has(code))
  const said = held.map(({ code, jobs, jobId, at, message }): FoundWrong => {
    const such = message === null ? '' : `: ${message}`
    const what = `${plural(jobs, 'submitted job')} ${agree(jobs, 'does', 'do')} not come into line, such as ${jobId}${such}`
    return { id: heldBy(code), what, since: at, jobId }
  })
  return [...said, ...refusedOf(refused)]
}

function heldBy(code: string): CheckId {
  const known = putOffCodes.find((each) => each === code)
  return known === undefined || known === 'job_exists' ? 'unreadable' : known
}

/** A submission was committed before it was decided, so nobody else may have noticed. */
function refusedOf(submitted: WrongFacts['refused']): readonly FoundWrong[] {
  const { commands, rows } = submitted?.refused ?? { commands: 0, rows: 0 }
  return those(rows > 0 && notTakenIn(submitted, rows), commands > 0 && refusal(submitted, commands))
}

function notTakenIn(submitted: WrongFacts['refused'], rows: number): FoundWrong {
  const newest = submitted?.jobs.find(({ code }) => code === 'not_taken_in')
  const jobId = newest?.jobId ?? null
  return {
    id: 'not_taken_in',
    what: `${plural(rows, 'row')} of jobs could not be taken in, the newest ${jobId ?? '(without an id)'}: ${newest?.message}`,
    remedy: `correct the row, then: npx interlock-queue adopt --job ${jobId === null ? '<job>' : forShell(jobId)} --yes; you may delete settled rows from the whole list: SELECT * FROM job_queue_not_taken_in ORDER BY id DESC`,
    since: newest?.at ?? null,
    jobId,
  }
}

function refusal(submitted: WrongFacts['refused'], commands: number): FoundWrong {
  const newest = submitted?.jobs.find(({ state, requestId }) => state === 'refused' && requestId !== null)
  const such =
    newest === undefined ? '' : `, the newest of job ${newest.jobId}: ${newest.code}: ${newest.message}`
  const what = `${plural(commands, 'submission')} ${agree(commands, 'was', 'were')} refused in the last day, after the commit, and ${agree(commands, 'is', 'are')} not in line since${such}`
  return { id: 'refused', what, since: newest?.at ?? null, jobId: newest?.jobId ?? null }
}
