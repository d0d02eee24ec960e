import { ownTriggers, wakeTriggers } from '../../../migrate/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, problem } from '../finding.ts'

const onJobs = [
  '000_job_queue_guard_insert',
  '000_job_queue_guard_update',
  'job_queue_intake',
  'job_queue_deleted',
  'job_queue_status_set',
  'job_queue_row_unlinked',
  'job_queue_truncated',
]
/**
 * Triggers that somebody dropped or disabled: rows are then not seen, or the log, or what it begins at, can be changed. And those
 * that announce over Realtime, where that came after the migration: jobs then start with the next poll.
 */
export function checkTriggers({ checkup }: Facts): Finding[] {
  const enabled = new Set(
    checkup.triggers.flatMap(({ table, name, enabled }) => (enabled ? [`${name} on ${bare(table)}`] : [])),
  )
  const wanted = [
    ...[...ownTriggers, ...(checkup.realtime ? wakeTriggers : [])].map(
      ([name, table]) => `${name} on ${table}`,
    ),
    ...(checkup.tables.jobs.followed ? onJobs.map((name) => `${name} on jobs`) : []),
  ]
  const off = wanted.filter((name) => !enabled.has(name))
  const disabled = checkup.triggers.filter(({ enabled }) => !enabled)
  if (off.length === 0 && disabled.length === 0) return []
  const statements = disabled.map(({ table, name }) => `ALTER TABLE ${table} ENABLE TRIGGER "${name}";`)
  const names = new Set([...off, ...disabled.map(({ table, name }) => `${name} on ${bare(table)}`)])
  const remedy = [...statements, 'interlock migrate --again'].join(' ')
  return [problem('triggers', `triggers are missing or off: ${[...names].join(', ')}`, remedy)]
}

/** Interlock's tables and the user's are in public, which is shown or not by the search path of the session. */
const bare = (table: string): string => table.replace(/^public\./, '')
