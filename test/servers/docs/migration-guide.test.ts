/** What docs/guides/migration-guide.md says of names that are not Interlock's: its command, as it stands, and a job that goes through. */
import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { interlock } from '../cli/support.ts'
import { join } from '../coordinator/support.ts'
import { freshDatabase } from '../migrate/support.ts'
import { blocksOf, pageOf } from './markdown.ts'

const command = blocksOf(pageOf('docs/guides/migration-guide.md')).find(({ code }) =>
  code.includes('--column'),
)
const words = (command?.code ?? '').replaceAll('\\\n', ' ').trim().split(/\s+/)

it('maps the names of a table that has its own, and its words', async () => {
  const db = await freshDatabase()
  await db.exec(`create table jobs (id uuid primary key default gen_random_uuid(), state text not null default 'new',
    model_name text, priority text); insert into jobs (model_name) values ('old')`)
  expect(words.slice(0, 3)).toEqual(['npx', 'interlock-queue', 'migrate'])
  await interlock(words.slice(2).map((word) => (word === '"$DATABASE_URL"' ? db.url : word)))
  const states = async () =>
    (await db.query('select model_name, state from jobs order by model_name')).map(Object.values)
  await db.exec("insert into jobs (model_name) values ('fresh')")
  const store = postgresStore(db.url)
  onTestFinished(() => store.close())
  const coordinator = await join({ store, pollMs: 100 })
  expect(await coordinator.takeIn({ max: 10 })).toBe(1)
  const [started] = await coordinator.claim({ max: 1, kinds: null })
  expect(started?.spec.models).toEqual(['fresh'])
  await expect.poll(states).toContainEqual(['fresh', 'processing'])
  if (started) await coordinator.complete(started.lease)
  await expect.poll(states).toContainEqual(['fresh', 'done'])
  expect(await states()).toContainEqual(['old', 'new'])
})
