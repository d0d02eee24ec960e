/** Functions of the library that no command shows by themselves. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { projectionOf, type RecordedEvent } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import {
  eventDocument,
  firstLedger,
  historyOf,
  ledgerAt,
  readEvents,
  readPages,
  replayJob,
} from '../../../src/tools/history/index.ts'

let store: LogStore
beforeEach(async () => {
  store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.enqueue([
    { jobId: 'first', models: ['m'] },
    { jobId: 'second', models: ['m'] },
  ])
  await coordinator.claim({ max: 1, kinds: null })
  await coordinator.close()
})

const typesOf = (events: readonly RecordedEvent[]) => events.map(({ type }) => type)
const whole = ['queued', 'queued', 'blocked', 'started']

describe('readPages and readEvents', () => {
  it('read the whole log, or from a number to a number', async () => {
    const pages: RecordedEvent[] = []
    for await (const page of readPages({ store })) pages.push(...page)
    expect(typesOf(pages)).toEqual(whole)
    const some: RecordedEvent[] = []
    for await (const event of readEvents({ store }, { after: 1, upTo: 3 })) some.push(event)
    expect(some.map(({ seq }) => seq)).toEqual([2, 3])
  })
})

describe('firstLedger and ledgerAt', () => {
  it('are the queue before its first event, and after a number of them', async () => {
    expect((await firstLedger({ store })).version).toBe(0)
    const at = async (seq: number) => projectionOf(await ledgerAt({ store }, seq)).state
    expect(await at(3)).toMatchObject({ active_count: 0, waiting_count: 2 })
    expect(await at(4)).toMatchObject({ active_count: 1, waiting_count: 1 })
  })
})

describe('historyOf and replayJob', () => {
  it('find a job by the beginning of its id', async () => {
    const { jobId, events } = await historyOf({ store }, 'sec')
    expect([jobId, typesOf(events)]).toEqual(['second', ['queued', 'blocked']])
    expect(await replayJob({ store }, 'second', { at: 4 })).toMatchObject({
      code: 'model_in_use',
      blockedBy: 'first',
    })
  })
})

describe('eventDocument', () => {
  it('has the time in words and no hash of the command', async () => {
    const { events } = await store.read('default', 0, 1)
    const [event] = events
    if (event === undefined) throw new Error('the log is empty')
    expect(eventDocument(event)).toMatchObject({ type: 'queued', jobId: 'first' })
    expect(eventDocument(event)).not.toHaveProperty('commandHash')
  })
})
