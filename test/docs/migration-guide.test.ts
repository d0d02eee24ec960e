/** What docs/migration-guide.md says of names that are not Interlock's: its SQL, as it stands, and a job that goes through. */
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/adapter/postgres/index.ts'
import { migrate } from '../../src/migrate/index.ts'
import { interlock } from '../cli/support.ts'
import { join } from '../coordinator/support.ts'
import { freshDatabase } from '../migrate/support.ts'
import { blocksOf, pageOf } from './markdown.ts'

const blocks = blocksOf(pageOf('docs/migration-guide.md')).filter(({ info }) => info === 'sql columns')

it('maps the names of a table that has its own, and its words', async () => {
  const db = await freshDatabase()
  await db.exec(`create table jobs (id uuid primary key default gen_random_uuid(), state text not null default 'new', model_name text);
    insert into jobs (model_name) values ('old')`)
  expect(blocks).toHaveLength(2)
  for (const { code } of blocks) await db.exec(code)
  await migrate(db, { statuses: { pending: 'new', completed: 'done' } })
  const states = async () =>
    (await db.query('select model_name, state, status from jobs order by model_name')).map(Object.values)
  expect(await states()).toEqual([['old', 'new', 'new']])
  await db.exec("insert into jobs (model_name) values ('fresh')")
  const store = postgresStore(db.url)
  onTestFinished(() => store.close())
  const coordinator = await join({ store, pollMs: 100 })
  expect(await coordinator.takeIn({ max: 10 })).toBe(1)
  const [started] = await coordinator.claim({ max: 1, kinds: null })
  expect(started?.spec.models).toEqual(['fresh'])
  await expect.poll(states).toContainEqual(['fresh', 'running', 'running'])
  if (started) await coordinator.complete(started.lease)
  await expect.poll(states).toContainEqual(['fresh', 'done', 'done'])
  // By the old programs' name, as by Interlock's.
  const adopted = await interlock(['adopt', '--yes', '--url', db.url])
  expect(adopted.stdout).toContain('1 job taken in')
  await coordinator.takeIn({ max: 10 })
  await db.exec("update jobs set state = 'cancelled' where model_name = 'old'")
  await expect.poll(() => coordinator.state().waitingCount).toBe(0)
  await expect.poll(states).toContainEqual(['old', 'cancelled', 'cancelled'])
})
