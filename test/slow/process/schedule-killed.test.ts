// Slow: kills processes that fire a schedule, and waits for its due times.
/** Processes that fire a schedule are killed before they have written a firing, and before they have heard that it is written. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { judge } from '../../servers/process/support.ts'
import { brief } from '../../support/flags.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { compiled } from '../../support/program.ts'
import { atEnd } from '../../support/this-test.ts'

async function killedAt(url: string, step: 'firing' | 'fired'): Promise<void> {
  const child = fork(await compiled('test/slow/process/schedule-child.ts'), [url, step], {
    execArgv: [...brief],
  })
  atEnd(() => void child.kill('SIGKILL'))
  const [stopped] = await once(child, 'message')
  expect(stopped).toBe(step)
  child.kill('SIGKILL')
  await once(child, 'exit')
}

it('each due time fires once, or is skipped', async () => {
  const url = await createDatabase('process', 'migrated')
  for (const step of ['firing', 'firing', 'fired', 'firing', 'fired', 'fired'] as const)
    await killedAt(url, step)
  const store = postgresStore(url)
  atEnd(() => store.close())
  const { events, violations, verified } = await judge(store)
  expect([violations, verified]).toEqual([[], true])
  // Each says which one comes next: together they are all due times, one after the other.
  const due = events.flatMap((event) =>
    event.type === 'schedule_skipped' || (event.type === 'queued' && event.due !== undefined)
      ? [{ due: event.due, next: event.next }]
      : [],
  )
  const fired = events.filter(({ type }) => type === 'queued')
  expect(fired.length).toBeGreaterThanOrEqual(3)
  expect(due.slice(1).map((one) => one.due)).toEqual(due.slice(0, -1).map(({ next }) => next))
})
