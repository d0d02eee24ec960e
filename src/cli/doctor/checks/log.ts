import { MICROS_PER_MS } from '../../../core/index.ts'
import { bytes, plural } from '../../format.ts'
import { type Facts, logGrowth } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'

const DAY_MS = 86_400_000
/** Where a log that nobody keeps from growing, or an archive that only grows, is worth a word. */
const LARGE = { log: 1e9, archive: 5e9 }
/** Events leave once an hour, below a snapshot, and there is one every 50,000 events: later than that nobody sees to it. */
const LATE = { days: 2, events: 200_000 }
/** Rows that are named; who wants all of them asks `verify`. */
const NAMED = 3

/** The log: how large, whether it is kept from growing, whether it is what was written, and whether the rows are what it says. */
export function checkLog(facts: Facts): Finding[] {
  return [...checkGrowth(facts), ...checkChained(facts), ...checkDrift(facts)]
}

function checkGrowth({ checkup: { log, now }, projection }: Facts): Finding[] {
  const policy = projection?.state.policy
  if (policy === undefined || policy === null) return []
  const { retentionDays, archive } = policy
  const growth = logGrowth(log)
  const daily = growth === null ? '' : `, ${bytes(growth)} a day`
  const found: Finding[] = []
  if (retentionDays === null && log.bytes > LARGE.log)
    found.push(
      note(
        'log',
        `the log has ${bytes(log.bytes)}${daily}, and nothing leaves it`,
        'interlock policy set --retention 30',
      ),
    )
  if (archive === 'keep' && log.archiveBytes > LARGE.archive)
    found.push(
      note(
        'archive',
        `the archive of the log has ${bytes(log.archiveBytes)} and only grows`,
        'interlock archive --before 30d --to <file>, or interlock policy set --archive drop: what it holds goes too',
      ),
    )
  const oldestDays = log.oldestAt === null ? 0 : (now - log.oldestAt) / MICROS_PER_MS / DAY_MS
  if (retentionDays !== null && oldestDays > retentionDays + LATE.days && log.own > LATE.events)
    found.push(
      problem(
        'retention',
        `events should leave the log after ${plural(retentionDays, 'day')}, and there are some of ${Math.floor(oldestDays)} days ago`,
        `let a process of Interlock run for an hour, or: interlock archive --before ${retentionDays}d`,
      ),
    )
  return found
}

function checkChained({ chain }: Facts): Finding[] {
  if (chain === null || chain.bad === null) return []
  return [
    problem(
      'chain',
      `the hash chain is broken: ${chain.bad.what}`,
      'interlock verify names the first event; stop the workers, and restore the database from before it was changed',
    ),
  ]
}

function checkDrift({ drift: { fields, unreadable } }: Facts): Finding[] {
  if (unreadable !== null) return [problem('log', unreadable, 'interlock verify')]
  if (fields === null || fields.length === 0) return []
  const names = fields.slice(0, NAMED).map(({ row, field }) => (field === '*' ? row : `${row}: ${field}`))
  return [
    problem(
      'projection',
      `${plural(fields.length, 'field')} of the rows are not what the log says: ${names.join(', ')}${fields.length > NAMED ? ', …' : ''}`,
      'interlock verify shows them, interlock rebuild makes the rows anew',
    ),
  ]
}
