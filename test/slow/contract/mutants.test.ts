// Slow, waits 10 s: breaks the append in many ways.
/** Negative controls: the contract of stores has to go red over a database in which one check of the append is missing. */
import { describe, expect, it } from 'vitest'
import { sqlFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import type { Runner } from '../../servers/contract/store/bench.ts'
import { storeContract } from '../../servers/contract/store-contract.ts'
import { appendArguments, connection, opened } from '../../servers/contract/support.ts'
import { withClient } from '../../support/postgres-cluster.ts'
import { createDatabase } from '../../support/postgres-database.ts'

/** What is changed in the function's text, into what, and which test of the contract then fails. */
const mutants: Readonly<Record<string, readonly [find: string, put: string, redIn: string]>> = {
  'does not lock the head': [
    ' from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update',
    ' from interlock.job_queue_heads h where h.queue = $1 order by h.version desc limit 1',
    'an append waits for one that is under way, and is lost to it',
  ],
  'does not compare the version': [
    'if head.version <> expected_version then',
    'if head.version < expected_version then',
    'answers a version conflict with what was missed, and writes nothing',
  ],
  'takes whatever event is the last for the one that the caller knows': [
    'or head.last_at <> expected_time then',
    'then',
    'writes nothing on top of an event that is not the one the caller knows',
  ],
  'takes whatever event has that number for the one that the caller knows': [
    'or coalesce(interlock.job_queue_event_at($1, expected_version),',
    'or false and coalesce(interlock.job_queue_event_at($1, expected_version),',
    'writes nothing on top of an event that is not the one the caller knows',
  ],
  'forgets which commands were here before': [
    'if head.version > head.archived_seq then',
    'if false then',
    'does a command once: again it says what the command did',
  ],
  'takes a row of jobs in twice': [
    'if given.arrivals is not null and head.version > 0 then',
    'if false then',
    'refuses to take in a job that the log has ever heard of',
  ],
  'does not ask for the submissions of jobs': [
    'if cardinality(locked) < cardinality(submitted) then',
    'if false then',
    'puts a submitted job in line for who holds its submission, and writes nothing for others',
  ],
  'does not ask for jobs that were enqueued once': [
    'if brought is not null then',
    'if false then',
    'refuses a job under an id that is taken, live or ended, and says by what; writes nothing then',
  ],
  'does not remember jobs that were enqueued once': [
    'perform interlock.job_queue_put_once($1, events);',
    'null;',
    'refuses a job under an id that is taken, live or ended, and says by what; writes nothing then',
  ],
  'never gives an id free': [
    "and (o.until is null or o.until > 'epoch'::timestamptz + e.at * interval '1 microsecond')",
    '',
    'gives an id free when its time is over, and takes it again from then on',
  ],
  'forgets ids with the events of their jobs': [
    'perform interlock.job_queue_sweep_once($1, 10000);',
    'delete from interlock.job_queue_once o where o.queue = $1 and o.seq <= $2;',
    'remembers them when their events were kept, and when their dead letters were',
  ],
  'lets the dead start jobs': [
    'if not given.starters <@ ids then',
    'if false then',
    'lets only a live worker start',
  ],
  'expires the lease of the living': [
    'select array_agg(w.worker_id order by w.worker_id) into ids from interlock.job_queue_workers w',
    'select null::text[] into ids from interlock.job_queue_workers w',
    'expires no worker before ttl and grace are over',
  ],
  'does not look at the clock': [
    "or given.first_at < clock - interval '1 second'",
    'or false',
    'refuses times that do not rise, or are more than a second off, with its clock',
  ],
  'lets times stand still': [
    'or given.first_at <= head.last_at',
    '',
    'refuses times that do not rise, or are more than a second off, with its clock',
  ],
  'takes starts that are old': [
    'or given.starters is not null',
    '',
    'takes events that are up to 5 s old, and only 1 s if something is counted from their times',
  ],
  'takes offers that are old': [
    "where e.event -> 'data' ? 'offers'",
    'where false',
    'takes events that are up to 5 s old, and only 1 s if something is counted from their times',
  ],
  'keeps the rows of ended jobs': [
    "if jsonb_array_length(changes -> 'gone') > 0 then",
    'if false then',
    'updates, deletes, and keeps the policy that nobody changed',
  ],
  'takes events in any order': [
    'if given.counts_on is not true',
    'if false',
    'refuses numbers that do not count on, and an append of nothing',
  ],
}

async function mutated(find: string, put: string): Promise<string> {
  const texts = sqlFunctions().map(({ statement }) => statement)
  const changed = texts.filter((text) => text.includes(find) && !text.includes('{{'))
  expect(changed).not.toEqual([])
  const url = await createDatabase('mutant', 'migrated')
  await withClient(url, (client) => client.query(changed.join('\n').replaceAll(find, put)))
  return url
}

/** The tests of the contract, to be run by hand. */
function contractOver(url: string) {
  const tests = new Map<string, () => Promise<void>>()
  const before: (() => Promise<void>)[] = []
  const after: (() => Promise<void>)[] = []
  const runner: Runner = {
    describe: (_name, body) => body(),
    it: (name, body) => void tests.set(name, body),
    beforeAll: (prepare) => void before.push(prepare),
    afterAll: (cleanUp) => void after.push(cleanUp),
  }
  storeContract('mutant', async () => ({ connect: () => postgresStore(url) }), runner)
  // That two appends meet in the database is up to chance where processes send them.
  tests.set('an append waits for one that is under way, and is lost to it', () => meeting(url))
  const each = async (all: readonly (() => Promise<void>)[]) => {
    for (const one of all) await one()
  }
  return { tests, begin: () => each(before), end: () => each(after) }
}

const append = 'select public.job_queue_append($1, $2, $3, $4) as answer'

async function meeting(url: string): Promise<void> {
  const [first, second] = await Promise.all([connection(url), connection(url)])
  const store = await opened(url)
  await store.open('q')
  await first.query('begin')
  await first.query(append, await appendArguments(first, 0))
  const answer = second.query(append, await appendArguments(second, 0))
  // A mutant may refuse it before the commit has answered here.
  answer.catch(() => {})
  const isWaiting = 'select wait_event_type from pg_stat_activity where pid = $1'
  const pid = (second as unknown as { processID: number }).processID
  await expect.poll(async () => (await first.query(isWaiting, [pid])).rows[0]?.wait_event_type).toBe('Lock')
  await first.query('commit')
  expect((await answer).rows[0]?.answer).toMatchObject({ ok: false, reason: 'version' })
}

/** Runs one test of the contract. @throws what it throws */
async function testOf(url: string, name: string): Promise<void> {
  const { tests, begin, end } = contractOver(url)
  const test = tests.get(name)
  if (test === undefined) return
  await begin()
  try {
    await test()
  } finally {
    await end()
  }
}

/** The name of the first test that fails; null: none does. */
async function firstRed(url: string): Promise<string | null> {
  const { tests, begin, end } = contractOver(url)
  await begin()
  try {
    for (const [name, body] of tests) {
      try {
        await body()
      } catch {
        return name
      }
    }
    return null
  } finally {
    await end()
  }
}

describe('the contract goes red where the append', () => {
  it.concurrent.each(Object.entries(mutants))('%s', async (_name, [find, put, redIn]) => {
    await expect(testOf(await mutated(find, put), redIn)).rejects.toThrow()
  })
})

it('storeContract is green over the database as it is', async () => {
  expect(await firstRed(await mutated('begin', 'begin'))).toBeNull()
})
