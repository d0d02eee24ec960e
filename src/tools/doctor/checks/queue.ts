import { PACKAGE_VERSION } from '../../../engine/coordinator/base/package-version.ts'
import { MICROS_PER_MS, manual, operand } from '../../../engine/core/index.ts'
import { agree, bytes, plural, timeText } from '../../format/index.ts'
import { pausedText } from '../../history/documents.ts'
import { evidenceText, limitCommand } from '../../insight/limits.ts'
import { type Facts, logGrowth, overdueDays } from '../facts.ts'
import { type Finding, found, note, problem, those } from '../finding.ts'
import { ownChecks } from '../own-checks.ts'

/** The processes that work now: their releases. */
export function checkReleases({ workers }: Facts): Finding[] {
  const live = workers.filter(({ state }) => state === 'live')
  const releases = [...Map.groupBy(live, ({ release }) => release)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return those(
    releases.some(([release]) => release !== PACKAGE_VERSION) &&
      found(
        'releases',
        `live processes run ${releases.map(([release, { length }]) => `${release} (${length})`).join(', ')}; this is ${PACKAGE_VERSION}`,
      ),
  )
}

const SHOWN = 10

/** Paused models: usually meant, sometimes forgotten. */
export function checkPaused({ drift }: Facts): Finding[] {
  const paused = drift.paused ?? []
  const shown = paused
    .slice(0, SHOWN)
    .map((pause) =>
      found(
        'paused',
        `model ${pausedText(pause)}; paused since ${timeText(pause.since)}`,
        `npx interlock-queue resume ${operand(pause.model)}`,
      ),
    )
  if (paused.length <= SHOWN) return shown
  return [
    ...shown,
    found('paused', `${paused.length - SHOWN} models more are paused`, 'npx interlock-queue status'),
  ]
}

const stop = `${ownChecks.first.remedy} (${manual.firstCoordinator})`

/** Traces of the first coordinator: it still runs beside this one, or left something behind. */
export function checkFirst({ checkup: { first, foreignWrites, unknownRows } }: Facts): Finding[] {
  const who = foreignWrites.map(
    ({ pid, role, application }) => `${pid} (${application || role || 'unknown'})`,
  )
  const still = (what: string) => problem('first', what, stop)
  return those(
    who.length > 0 && still(`sessions write to job_queue_state or job_queue_log directly: ${who.join(', ')}`),
    first?.writtenAt != null &&
      still(
        `the first coordinator wrote to its tables after the migration, last at ${timeText(first.writtenAt)}`,
      ),
    first?.activeJobId != null && still(`the first coordinator says that job ${first.activeJobId} runs`),
    unknownRows.new > 0 &&
      still(
        `${plural(unknownRows.new, 'row')} of jobs ${agree(unknownRows.new, 'was', 'were')} blocked since the migration by something else`,
      ),
    unknownRows.old > 0 &&
      note(
        'first',
        `${plural(unknownRows.old, 'row')} of jobs ${agree(unknownRows.old, 'is', 'are')} still blocked by the first coordinator`,
        'npx interlock-queue adopt',
      ),
  )
}

/** A process that has been there this long has tried. */
const TRIED_MS = 2 * 3_600_000
/** Fields that are named here; `verify` shows all of them. */
const NAMED = 3

/** The log: its size, its retention, whether it is what was written, and whether the rows match it. */
export function checkLog(facts: Facts): Finding[] {
  return [
    ...checkGrowth(facts),
    ...checkRetention(facts),
    ...checkChained(facts),
    ...checkSnapshots(facts),
    ...checkDrift(facts),
  ]
}

function checkGrowth({ checkup: { log }, state }: Facts): Finding[] {
  const policy = state?.policy
  if (policy === undefined || policy === null) return []
  const { retentionDays, archive } = policy
  const growth = logGrowth(log)
  const daily = growth === null ? '' : `, ${bytes(growth)} a day`
  return those(
    retentionDays === null &&
      log.bytes > ownChecks.log.bytes &&
      note(
        'log',
        `the log has ${bytes(log.bytes)}${daily}, and nothing leaves it`,
        'npx interlock-queue policy set --retention 30',
      ),
    archive === 'keep' &&
      log.archiveBytes > ownChecks.archive.bytes &&
      found('archive', `the archive of the log has ${bytes(log.archiveBytes)} and only grows`),
  )
}

/** What the answers of a provider say of its limits. Nothing is set by it: an answer pauses the model, and a person decides on the rest. */
export const checkLimits = ({ limits }: Pick<Facts, 'limits'>): Finding[] =>
  limits.map((limit) =>
    found('provider_limit', evidenceText(limit), `if that is its limit: ${limitCommand(limit)}`),
  )

/** Events that should have left the log. A process is there but could not take them out, or no process is there. */
function checkRetention(facts: Facts): Finding[] {
  const oldest = overdueDays(facts)
  if (oldest === null) return []
  const { checkup, state: queue, workers } = facts
  const days = queue?.policy?.retentionDays ?? 0
  const what = `events should leave the log after ${plural(days, 'day')}, but the oldest one is ${Math.floor(oldest)} days old`
  const byHand = `npx interlock-queue archive --before ${days}d`
  const hasTried = workers.some(
    ({ state, startedAt }) => state === 'live' && checkup.now - startedAt > TRIED_MS * MICROS_PER_MS,
  )
  if (!hasTried) return [note('retention', what, `let a process of Interlock run for an hour, or: ${byHand}`)]
  if (checkup.behind.events > 0)
    return [
      problem(
        'retention',
        `${what}: your tables are ${plural(checkup.behind.events, 'event')} behind, and those events stay`,
        'end what locks your tables (see the findings of your rows)',
      ),
    ]
  return [
    problem(
      'retention',
      `${what}: the running processes could not archive them`,
      `look at their warnings (retention), and at npx interlock-queue verify; or: ${byHand}`,
    ),
  ]
}

function checkChained({ chain }: Facts): Finding[] {
  if (chain === null || chain.bad === null) return []
  return [found('chain', `the hash chain is broken: ${chain.bad.what}`)]
}

function checkSnapshots({ drift: { passedOver } }: Facts): Finding[] {
  return passedOver.map((what) => found('snapshot', what))
}

function checkDrift({ drift: { fields, unreadable, unfolded } }: Facts): Finding[] {
  if (unreadable !== null) return [problem('log', unreadable, 'npx interlock-queue verify')]
  if (unfolded !== null)
    return [
      found(
        'unfolded',
        `${plural(unfolded, 'event')} came after the newest snapshot, too many for a quick look: paused models were not read, no row was compared with the log, and what waits was judged by the rows alone`,
      ),
    ]
  if (fields === null || fields.length === 0) return []
  const names = fields.slice(0, NAMED).map(({ row, field }) => (field === '*' ? row : `${row}: ${field}`))
  return [
    found(
      'projection',
      `${plural(fields.length, 'field')} of the rows ${agree(fields.length, 'is', 'are')} not what the log says: ${names.join(', ')}${fields.length > NAMED ? ', …' : ''}`,
    ),
  ]
}
