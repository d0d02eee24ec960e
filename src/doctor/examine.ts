import { splitMessage } from '../cli/failure.ts'
import type { Frame } from '../cli/frame.ts'
import { emptyFolder, nothingYet } from '../cli/store.ts'
import { InterlockError, isInterlockError } from '../core/index.ts'
import { checkArrivals } from './checks/arrivals.ts'
import { checkClock } from './checks/clock.ts'
import { checkFirst } from './checks/first.ts'
import { checkFunctions } from './checks/functions.ts'
import { checkGrants } from './checks/grants.ts'
import { checkHorizon } from './checks/horizon.ts'
import { checkLog } from './checks/log.ts'
import { checkPaused } from './checks/paused.ts'
import { checkPooler } from './checks/pooler.ts'
import { checkRows } from './checks/rows.ts'
import { checkServer } from './checks/server.ts'
import { checkStuck } from './checks/stuck.ts'
import { checkTriggers } from './checks/triggers.ts'
import { checkWorkers } from './checks/workers.ts'
import { type Facts, gather } from './facts.ts'
import { type Finding, problem } from './finding.ts'
import { type LogSize, logSize } from './sizes.ts'

/** Every check, the ones first that make others pointless. */
const checks: readonly ((facts: Facts) => Finding[])[] = [
  checkFunctions,
  checkTriggers,
  checkGrants,
  checkServer,
  checkPooler,
  checkFirst,
  checkRows,
  checkArrivals,
  checkHorizon,
  checkLog,
  checkStuck,
  checkPaused,
  checkWorkers,
  checkClock,
]

export interface Examination {
  /** Everything that was found, the problems first. */
  readonly findings: readonly Finding[]
  /** Null where the doctor was kept out. */
  readonly log: LogSize | null
}

/** @throws InterlockError when the database cannot be reached at all, or is none that can be examined */
export async function examine(frame: Frame, patienceMs: number): Promise<Examination> {
  // Nothing to mend: a database that nobody has made yet is no sick one.
  const folder = emptyFolder(frame.target())
  if (folder !== null) throw new InterlockError('not_migrated', `${folder}: ${nothingYet}`)
  const facts = await gather(frame, patienceMs).catch((error: unknown) => unexamined(error, frame))
  if (facts === null)
    throw new InterlockError('invalid_input', 'a store in memory has nothing to examine; give --url')
  if (!('checkup' in facts)) return { findings: [facts], log: null }
  const found = checks.flatMap((check) => check(facts))
  const findings = found.toSorted((a, b) => Number(a.level === 'note') - Number(b.level === 'note'))
  return { findings, log: logSize(facts) }
}

/** What keeps the doctor out is the first thing to mend. */
function unexamined(error: unknown, frame: Frame): Finding {
  if (!isInterlockError(error)) throw error
  // Over its API a project is mended otherwise, and the message says how.
  const isProject = frame.target().kind === 'supabase'
  const { what, todo } = isProject ? splitMessage(error.message) : { what: error.message }
  switch (error.code) {
    case 'not_migrated':
    case 'database_older':
      return problem('migration', what, todo ?? 'interlock migrate')
    case 'database_newer':
      return problem('migration', error.message, 'npm install interlock-queue@latest')
    case 'store_unwritable':
      return problem(
        'grants',
        what,
        todo ?? 'interlock migrate --runtime-role <role>, as the owner of the tables',
      )
    default:
      throw error
  }
}
