import { forShell, MICROS_PER_MS, type Micros } from '../../../engine/core/index.ts'
import { functionSums, jobsTriggers, ownTriggers, wakeTriggers } from '../../../engine/migrate/index.ts'
import { duration, plural } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, found, note, problem, those } from '../finding.ts'
import { ownChecks } from '../own-checks.ts'
import { standbysOf } from '../standbys.ts'

/** Settings that can lose something after it was acknowledged. The embedded database documents its own. */
export function checkServer({ checkup: { server }, over, isLocalProject }: Facts): Finding[] {
  if (over === 'pglite') return []
  const off = server.offByRole.map((role) => `${role} by a setting of the role or database`)
  if (/^(off|local)$/.test(server.synchronousCommit)) off.push('this connection')
  return those(
    server.version < 150_000 &&
      found(
        'server',
        `PostgreSQL ${server.version} is older than 15`,
        'upgrade the server to PostgreSQL 15 or later',
      ),
    server.inRecovery &&
      found('server', 'this server is a standby: it takes no writes', 'use the address of the primary'),
    off.length > 0 &&
      found(
        'server',
        `synchronous_commit is off for ${off.join(', ')}: appends turn it on by themselves, but a crash of the server can lose rows that you inserted into jobs, although it had acknowledged them`,
        'ALTER ROLE … RESET synchronous_commit; and look at ALTER DATABASE and postgresql.conf',
      ),
    // A development database may lose data, and the embedded one has no other setting.
    !isLocalProject &&
      (server.fsync === 'off' || server.fullPageWrites === 'off') &&
      found(
        'fsync',
        `fsync is ${server.fsync} and full_page_writes is ${server.fullPageWrites}: a crash of the machine can destroy the database`,
      ),
  )
}

/**
 * Compares this machine's clock with the database's. Only a note: Interlock uses the database's clock alone, but people compare
 * both. A small difference may just be a slow answer.
 */
export function checkClock({
  checkup: { now },
  clock: { before, after },
}: Pick<Facts, 'clock'> & { readonly checkup: { readonly now: Micros } }): Finding[] {
  const there = now / MICROS_PER_MS
  const apart = there < before ? there - before : there > after ? there - after : 0
  if (Math.abs(apart) < ownChecks.clock.ms) return []
  const what = `the clock of the database is ${duration(Math.abs(apart))} ${apart > 0 ? 'ahead of' : 'behind'} this machine's`
  return [found('clock', what)]
}

type SessionFacts = Pick<Facts, 'over' | 'notificationsArrive' | 'connectedMs'> & {
  readonly checkup: { readonly sessionAgeMs: number }
}

/** A pooler in transaction mode between this program and the server: a session that listens gets no notifications. One in session mode is no finding. */
export function checkPooler({ over, notificationsArrive, checkup, connectedMs }: SessionFacts): Finding[] {
  if (over !== 'postgres') return []
  if (notificationsArrive === false) return [problem('pooler', ownChecks.pooler.what)]
  // An older session belonged to another client before. Which mode that is, only a try can show.
  if (notificationsArrive === true || checkup.sessionAgeMs <= connectedMs + 1_000) return []
  const what = 'a pooler shares sessions among clients; its mode was not tested'
  return [note('pooler', what, `if it is transaction mode, ${ownChecks.pooler.remedy}`)]
}

const MINUTE_MS = 60_000

/**
 * A long transaction elsewhere: the server keeps every old version of a row until it ends. Vacuum runs once a minute, so the tables of a busy
 * queue grow then.
 */
export function checkHorizon({ checkup: { xmin } }: Pick<Facts, 'checkup'>): Finding[] {
  if (xmin === null || xmin.ageMs < ownChecks.horizon.ms) return []
  const who = [xmin.application || 'unnamed', xmin.role, xmin.state]
    .filter((part) => part !== null)
    .join(', ')
  const minutes = Math.floor(xmin.ageMs / MINUTE_MS)
  const what = `a transaction has been open for ${minutes} min (${who}): until it ends, the tables keep every old version of a row`
  const remedy =
    xmin.kind === 'prepared'
      ? `COMMIT PREPARED or ROLLBACK PREPARED '${xmin.application}'`
      : ownChecks.horizon.remedy
  return [found('horizon', what, remedy)]
}

/**
 * What a fail-over of the server would lose, and commits that wait for a standby that does not answer. Over a healthy link they wait for some
 * milliseconds: in one look at the server that is rarely seen, and never for long.
 */
export function checkReplication({ checkup }: Pick<Facts, 'checkup'>): Finding[] {
  const standbys = standbysOf(checkup)
  if (standbys === null) return []
  const { waiting, oldestWaitMs, names, commitsWait, servers, synchronous, isHidden } = standbys
  const awaited = names !== '' && commitsWait !== false && !isHidden && synchronous === 0
  const others = servers.filter(({ isSynchronous }) => !isSynchronous)
  return those(
    waiting > 0 &&
      (oldestWaitMs ?? 0) > ownChecks.standby.ms &&
      problem(
        'standby',
        `${plural(waiting, 'commit')} ${waiting === 1 ? 'waits' : 'wait'} for a synchronous standby, the first for ${duration(oldestWaitMs ?? 0)}: meanwhile nothing is appended, and calls fail with contention`,
        `bring a standby of synchronous_standby_names (${names}) back, or take it out of the setting and reload; do not cancel the sessions`,
      ),
    awaited &&
      problem(
        'standby',
        `synchronous_standby_names is ${names}, and no such standby is connected: every commit waits for one`,
        'start the standby, or make sure that its application_name is in the setting',
      ),
    names !== '' &&
      commitsWait === false &&
      problem(
        'standby',
        `synchronous_standby_names is ${names}, and commits do not wait for it yet: the server's checkpointer has not read the setting, so Interlock acknowledges nothing`,
        'make sure that the checkpointer runs (backend_type of pg_stat_activity), and reload the settings: SELECT pg_reload_conf()',
      ),
    names === '' &&
      others.length > 0 &&
      note(
        'standby',
        `no commit waits for a standby (${others.map(({ name }) => name).join(', ')}): a fail-over loses what was acknowledged last; Interlock notices that, and drains the queue (log_went_back)`,
        'set synchronous_standby_names, or accept the loss and learn to use `npx interlock-queue recover`',
      ),
    isHidden &&
      note(
        'standby',
        `${plural(servers.length, 'standby')} ${servers.length === 1 ? 'is' : 'are'} connected, and the role that owns Interlock may not see more of ${servers.length === 1 ? 'it' : 'them'}`,
        'GRANT pg_read_all_stats TO the role that owns the tables of Interlock',
      ),
  )
}

const SHOWN = 5

/** Privileges that the caller lacks, and privileges that no browser may have. */
export function checkGrants({ checkup: { grants } }: Facts): Finding[] {
  const { caller, missing, open } = grants
  return those(
    missing.length > 0 &&
      found(
        'grants',
        `${caller} lacks ${some(missing)}`,
        `npx interlock-queue migrate --runtime-role ${forShell(caller)}, as the owner of the tables`,
      ),
    open.length > 0 && found('open', `privileges that no role should have: ${some(open)}`),
  )
}

const some = (list: readonly string[]): string =>
  list.length <= SHOWN
    ? list.join(', ')
    : `${list.slice(0, SHOWN).join(', ')} and ${list.length - SHOWN} more`

/** Compares the bodies of the functions in the database with those of this release. */
export function checkFunctions({ checkup, schema }: Facts): Finding[] {
  const there = new Map(checkup.functions.map((each) => [each.name, each]))
  const missing: string[] = []
  const edited: string[] = []
  for (const [name, { sum, definer }] of functionSums(schema)) {
    const known = there.get(name)
    if (known === undefined) missing.push(name)
    else if (known.sum !== sum || known.definer !== definer) edited.push(name)
  }
  return those(
    missing.length > 0 && found('functions', `functions are missing: ${missing.join(', ')}`),
    edited.length > 0 && found('functions', `functions are not those of this release: ${edited.join(', ')}`),
  )
}

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
  const remedy = [...statements, ...(off.length > 0 ? ['npx interlock-queue migrate'] : [])].join(' ')
  return [found('triggers', `triggers are missing or off: ${[...names].join(', ')}`, remedy)]
}

/** Without its schema, which the name shows or not, as the session's search path has it. */
const bare = (table: string): string => table.replace(/^\w+\./, '')
