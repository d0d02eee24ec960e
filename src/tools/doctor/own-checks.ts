import type { Check } from '../../engine/core/index.ts'

/**
 * What only the doctor looks at: the database, your tables and the log. With `checks` of the core, which all faces tell of, these are all
 * the checks that there are. Data and nothing else (docs/reference/alerts.md, "What only the doctor sees"); a finding may say more.
 */
export interface OwnCheck extends Pick<Check, 'what' | 'remedy'> {
  readonly level: Check['level'] | 'problem or note'
  /** For how long it has to have been so, or by how much apart, in milliseconds; absent: it is said at once. */
  readonly ms?: number
  /** From which size on. */
  readonly bytes?: number
}

const byMigrating = 'npx interlock-queue migrate --again'

/** Rows in the order in which one looks: first what makes others pointless. */
export const ownChecks = {
  migration: {
    level: 'problem',
    what: 'the tables are missing, or are of another release',
    remedy: 'npx interlock-queue migrate; if they are newer: npm install interlock-queue@latest',
  },
  functions: {
    level: 'problem',
    what: 'functions are missing, or are not those of this release',
    remedy: `${byMigrating} (a rolling deploy of two releases also looks like this, until it is done)`,
  },
  triggers: {
    level: 'problem',
    what: 'triggers are missing or off',
    remedy: 'ALTER TABLE … ENABLE TRIGGER …, or npx interlock-queue migrate',
  },
  grants: {
    level: 'problem',
    what: 'the role of a process lacks a privilege',
    remedy: 'npx interlock-queue migrate --runtime-role <role>, as the owner of the tables',
  },
  open: {
    level: 'problem',
    what: 'a role has a privilege that no role should have',
    remedy: byMigrating,
  },
  server: {
    level: 'problem',
    what: 'the server is older than PostgreSQL 15, is a standby, or may lose rows that it has acknowledged (synchronous_commit)',
    remedy: 'use the primary of PostgreSQL 15 or later, and reset the setting',
  },
  fsync: {
    level: 'problem',
    what: 'fsync or full_page_writes is off: a crash of the machine can destroy the database',
    remedy: 'turn both on in postgresql.conf and reload',
  },
  standby: {
    level: 'problem or note',
    ms: 1_000,
    what: 'commits wait for a standby that does not answer; or a fail-over loses what was acknowledged last',
    remedy:
      'bring the standby back, or correct synchronous_standby_names and reload; do not cancel the sessions',
  },
  pooler: {
    level: 'problem or note',
    what: 'notifications do not arrive: a pooler in transaction mode, it seems',
    remedy:
      'give Interlock the direct address or a pooler in session mode (on Supabase port 5432, not 6543); until then jobs start with the next poll',
  },
  first: {
    level: 'problem or note',
    what: 'the first coordinator still runs beside this one, or has left rows blocked',
    remedy: 'stop the processes of the first coordinator: two coordinators do not see each other',
  },
  rows: {
    level: 'problem or note',
    what: 'a table of yours is not followed, or lacks something for it',
    remedy:
      'npx interlock-queue migrate --follow <table>; for another name: npx interlock-queue migrate --column <table.column=yours>',
  },
  hidden: {
    level: 'problem',
    what: 'row level security of your table hides rows from the owner of Interlock, or keeps it from writing them',
    remedy: 'give that role a policy for all rows: CREATE POLICY … USING (true) WITH CHECK (true)',
  },
  words: {
    level: 'problem',
    what: 'a type or a CHECK refuses a status that Interlock writes',
    remedy: 'allow it, or name yours: npx interlock-queue migrate --status <state=yours>',
  },
  defaults: {
    level: 'problem or note',
    what: 'a coordination column of yours has a default, or may not be null',
    remedy: 'ALTER TABLE … ALTER COLUMN … DROP DEFAULT, or DROP NOT NULL',
  },
  key: {
    level: 'note',
    what: 'several of your rows may share an id',
    remedy: 'add a unique index on the id',
  },
  schema: {
    level: 'problem',
    what: 'a search path leads to a table of this name in another schema',
    remedy: 'put `public.` before the name, or public before that schema in the search path',
  },
  set_aside: {
    level: 'problem',
    ms: 5_000,
    what: 'rows of yours cannot be written',
    remedy:
      'end the transaction that locks them, allow the words, or repair the trigger; they are tried again by themselves',
  },
  adoptable: {
    level: 'note',
    what: 'rows of jobs that are not in the log, and that no process takes in',
    remedy: 'npx interlock-queue adopt',
  },
  horizon: {
    level: 'note',
    ms: 600_000,
    what: 'a transaction is open: until it ends, the tables keep every old version of a row',
    remedy:
      "end it, or let the server end those that idle: ALTER ROLE … SET idle_in_transaction_session_timeout = '5min'; a dump of a busy database is better taken from a standby",
  },
  log: {
    level: 'problem or note',
    bytes: 1e9,
    what: 'nothing leaves the log, and it is large; at any size: it cannot be folded',
    remedy: 'npx interlock-queue policy set --retention 30; npx interlock-queue verify',
  },
  archive: {
    level: 'note',
    bytes: 5e9,
    what: 'the archive of the log only grows',
    remedy:
      'npx interlock-queue archive --before 30d --to <file>, or npx interlock-queue policy set --archive drop: that also deletes what it holds',
  },
  retention: {
    level: 'problem or note',
    ms: 86_400_000,
    what: 'events should have left the log, and are still there',
    remedy: 'let a process of Interlock run for an hour, or look at its warnings (retention)',
  },
  chain: {
    level: 'problem',
    what: 'the hash chain is broken',
    remedy:
      'npx interlock-queue verify names the first event; stop the workers, and restore the database from before it was changed',
  },
  snapshot: {
    level: 'problem',
    what: 'a snapshot cannot be read',
    remedy: 'npx interlock-queue snapshot keeps a new one',
  },
  unfolded: {
    level: 'note',
    what: 'so many events came after the newest snapshot that rows were not compared with the log',
    remedy:
      'npx interlock-queue verify reads all of it; npx interlock-queue snapshot makes the next look quick',
  },
  projection: {
    level: 'problem',
    what: 'rows are not what the log says',
    remedy: 'npx interlock-queue verify shows them, npx interlock-queue rebuild writes the rows again',
  },
  waiting: {
    level: 'note',
    ms: 1_800_000,
    what: 'jobs wait, whatever for',
    remedy: 'npx interlock-queue explain <job>',
  },
  ending: {
    level: 'problem',
    what: 'an open transaction holds back the end of a job',
    remedy: 'commit it or roll it back, or end its session',
  },
  provider_limit: {
    level: 'note',
    what: 'a provider reports a limit that the policy does not have',
    remedy: 'if that is its limit: npx interlock-queue policy set',
  },
  releases: {
    level: 'note',
    what: 'live processes are of other releases than this one',
    remedy: 'finish the deploy; two releases should run side by side only during one',
  },
  clock: {
    level: 'note',
    ms: 1_000,
    what: "the clock of the database differs from this machine's",
    remedy: 'synchronize both machines by NTP; leases and times in the log go by the clock of the database',
  },
} as const satisfies Readonly<Record<string, OwnCheck>>
