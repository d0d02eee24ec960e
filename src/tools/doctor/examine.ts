import { invalidInput, isInterlockError } from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { splitMessage } from '../format/index.ts'
import { opened } from '../history/access.ts'
import type { Access } from '../history/index.ts'
import {
  checkClock,
  checkFunctions,
  checkGrants,
  checkHorizon,
  checkPooler,
  checkReplication,
  checkServer,
  checkTriggers,
} from './checks/database.ts'
import { checkAdoptable, checkByRows, checkEnds, checkLong, checkQueue, checkRows } from './checks/jobs.ts'
import { checkFirst, checkLimits, checkLog, checkPaused, checkReleases } from './checks/queue.ts'

import { CHAINED, type ExamineOptions, type Facts, gather } from './facts.ts'
import { type Finding, found } from './finding.ts'
import { ownChecks } from './own-checks.ts'
import { type LogSize, logSize } from './sizes.ts'
import { type Standbys, standbysOf } from './standbys.ts'

export { CHAINED }

/** Every check. First those that make others pointless. */
const checks: readonly ((facts: Facts) => Finding[])[] = [
  checkFunctions,
  checkTriggers,
  checkGrants,
  checkServer,
  checkReplication,
  checkPooler,
  checkFirst,
  checkRows,
  checkAdoptable,
  checkHorizon,
  checkLog,
  checkQueue,
  checkByRows,
  checkLong,
  checkEnds,
  checkPaused,
  checkLimits,
  checkReleases,
  checkClock,
]

/** What `examine` gives: the document that `interlock doctor --json` prints. */
export interface Examination {
  /** Which queue. */
  readonly queue: string
  /** Whether no finding is a problem; exit code 3 if one is. */
  readonly ok: boolean
  /** All findings, the problems first. */
  readonly findings: readonly Finding[]
  /** The size of the log; null: the doctor was kept out. */
  readonly log: LogSize | null
  /** The servers that follow this one; null: it knows of none and waits for none, or the doctor was kept out. */
  readonly standbys: Standbys | null
  /** Your tables whose rows become jobs and follow them: `jobs`, `workflow_executions`; null: the doctor was kept out. */
  readonly followed: readonly string[] | null
}

/**
 * Looks for what is wrong with the database, the queue and its workers, and gives a remedy for each. Reads only.
 * @throws InterlockError `invalid_input`; the database's own error if it cannot be reached at all, or not be examined
 * @example for (const { level, what, remedy } of (await examine({ store })).findings) console.log(level, what, remedy)
 */
export async function examine(given: Access, options: ExamineOptions = {}): Promise<Examination> {
  const access = opened(given)
  checkCall('examine', options)
  const { waitingMs = ownChecks.waiting.ms } = options
  const { name, schema } = access.store
  const facts = await gather(access, { ...options, waitingMs }).catch((error: unknown) =>
    keptOut(error, !name.startsWith('postgres:') && !name.startsWith('pglite:')),
  )
  if (facts === null)
    throw invalidInput('a store in memory has nothing to examine; give --url', 'access.store')
  if (!('checkup' in facts)) return examination(access.queue, [facts])
  const all = checks
    .flatMap((check) => check(facts))
    .map((one) => ({ ...one, remedy: ofInstallation(one.remedy, schema) }))
  const findings = all.toSorted((a, b) => Number(a.level === 'note') - Number(b.level === 'note'))
  return examination(access.queue, findings, facts)
}

/** What is to be typed, for an installation in a schema of its own. */
const ofInstallation = (remedy: string, schema: string | undefined): string =>
  schema === undefined
    ? remedy
    : remedy.replaceAll(/npx interlock-queue (?!migrate --schema)/g, `$&--schema ${schema} `)

/** @param facts absent if the doctor was kept out */
export const examination = (queue: string, findings: readonly Finding[], facts?: Facts): Examination => ({
  queue,
  ok: findings.every(({ level }) => level === 'note'),
  findings,
  log: facts === undefined ? null : logSize(facts),
  standbys: facts === undefined ? null : standbysOf(facts.checkup),
  followed: facts === undefined ? null : followedIn(facts),
})

function followedIn({ checkup: { tables } }: Facts): readonly string[] {
  const named = { jobs: tables.jobs, workflow_executions: tables.workflowExecutions }
  return Object.entries(named).flatMap(([name, { followed }]) => (followed ? [name] : []))
}

/**
 * What keeps the doctor out has to be repaired first.
 * @param isProject reached over the API of a Supabase project: it is repaired in another way, and the message says how
 * @throws any other error
 */
export function keptOut(error: unknown, isProject: boolean): Finding {
  if (!isInterlockError(error)) throw error
  const { what, todo } = isProject ? splitMessage(error.message) : { what: error.message }
  switch (error.code) {
    case 'not_migrated':
    case 'database_older':
      return found('migration', what, todo ?? 'npx interlock-queue migrate')
    case 'database_newer':
      return found('migration', error.message, 'npm install interlock-queue@latest')
    case 'store_unwritable':
      return found(
        'grants',
        what,
        todo ?? 'npx interlock-queue migrate --runtime-role <role>, as the owner of the tables',
      )
    default:
      throw error
  }
}
