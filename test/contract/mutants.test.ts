/** Negative controls: the contract of stores has to go red over a database in which one check of the append is missing. */
import { describe, expect, it } from 'vitest'
import { sqlFunctions } from '../../src/engine/migrate/sql-functions.ts'
import { postgresStore } from '../../src/engine/store/postgres/index.ts'
import { withClient } from '../support/postgres-cluster.ts'
import { createDatabase } from '../support/postgres-database.ts'
import type { Runner } from './store/bench.ts'
import { storeContract } from './store-contract.ts'

/** What is changed in the function's text, and into what. */
const mutants: Readonly<Record<string, readonly [find: string, put: string]>> = {
  'does not lock the head': [
    ' from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1 for update',
    ' from public.job_queue_heads h where h.queue = $1 order by h.version desc limit 1',
  ],
  'does not compare the version': [
    'if head.version <> expected_version then',
    'if head.version < expected_version then',
  ],
  'takes whatever event is the last for the one that the caller knows': [
    'or head.last_at <> expected_time then',
    'then',
  ],
  'takes whatever event has that number for the one that the caller knows': [
    'or coalesce(public.job_queue_event_at($1, expected_version),',
    'or false and coalesce(public.job_queue_event_at($1, expected_version),',
  ],
  'forgets which commands were here before': ['if head.version > head.archived_seq then', 'if false then'],
  'takes a row of jobs in twice': [
    'if given.arrivals is not null and head.version > 0 then',
    'if false then',
  ],
  'lets the dead start jobs': ['if not given.starters <@ ids then', 'if false then'],
  'expires the lease of the living': [
    'select array_agg(w.worker_id order by w.worker_id) into ids from public.job_queue_workers w',
    'select null::text[] into ids from public.job_queue_workers w',
  ],
  'does not look at the clock': [
    "or given.first_at <= head.last_at or given.first_at < clock - interval '1 second'",
    'or given.first_at <= head.last_at',
  ],
  'lets times stand still': ['or given.first_at <= head.last_at or', 'or'],
  'keeps the rows of ended jobs': ["if jsonb_array_length(changes -> 'gone') > 0 then", 'if false then'],
  'takes events in any order': ['if given.counts_on is not true', 'if false'],
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
  const each = async (all: readonly (() => Promise<void>)[]) => {
    for (const one of all) await one()
  }
  return { tests, begin: () => each(before), end: () => each(after) }
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
  it.concurrent.each(Object.entries(mutants))('%s', async (_name, [find, put]) => {
    expect(await firstRed(await mutated(find, put))).not.toBeNull()
  })
})

it('storeContract is green over the database as it is', async () => {
  expect(await firstRed(await mutated('begin', 'begin'))).toBeNull()
})
