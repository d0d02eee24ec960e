import { jobsTriggers, ownTriggers, wakeTriggers } from '../../../engine/migrate/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, problem } from '../finding.ts'

/**
 * Triggers that were dropped or disabled: rows are then not seen, or the log or its beginning can be changed. Also the triggers
 * that announce over Realtime, missing if Realtime came after the migration: jobs then start with the next poll.
 */
export function checkTriggers({ checkup }: Facts): Finding[] {
  const enabled = new Set(
    checkup.triggers.flatMap(({ table, name, enabled }) => (enabled ? [`${name} on ${bare(table)}`] : [])),
  )
  const { realtime, tables } = checkup
  const wanted = [ownTriggers, realtime ? wakeTriggers : [], tables.jobs.followed ? jobsTriggers : []]
    .flat()
    .map(([name, table]) => `${name} on ${table}`)
  const off = wanted.filter((name) => !enabled.has(name))
  const disabled = checkup.triggers.filter(({ enabled }) => !enabled)
  if (off.length === 0 && disabled.length === 0) return []
  const statements = disabled.map(
    ({ table, name }) => `ALTER TABLE ${table} ENABLE TRIGGER "${name.replaceAll('"', '""')}";`,
  )
  const names = new Set([...off, ...disabled.map(({ table, name }) => `${name} on ${bare(table)}`)])
  const remedy = [...statements, ...(off.length > 0 ? ['interlock migrate'] : [])].join(' ')
  return [problem('triggers', `triggers are missing or off: ${[...names].join(', ')}`, remedy)]
}

/** Interlock's tables and the user's are in public. The session's search path decides whether the name shows it. */
const bare = (table: string): string => table.replace(/^public\./, '')
