/** The SQL of the pages, as it stands. A block `sql check` runs; a block `sql alert` has no rows unless something is wrong. */
import { describe, expect, it } from 'vitest'
import { account } from '../intake/support.ts'
import { blocksOf, pages } from './markdown.ts'

const blocks = pages.flatMap(blocksOf)
const alerts = blocks.filter(({ info }) => info === 'sql alert')
const checks = blocks.filter(({ info }) => info === 'sql check')

const job = (columns: string, values: string) => `
  insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level, place_order, place_tie,
      queued_at, attempt, attempts, timeout_ms ${columns})
    values ('default', 'j', 'waiting', 'normal', 'normal', '{m}', 0, 0, 0, 0, now() - interval '1 hour', 1, 1, 1000 ${values});`
const event = (seq: number, type: string, data: object = {}) =>
  `insert into job_queue_log (seq, created_at, queue, event_type, worker_id, data)
     values (${seq}, now(), 'default', '${type}', 'w', '${JSON.stringify(data)}');`

/** What each alert is for, in the order of the page. */
const wrong = [
  job(', conflict_reason', ", 'model m is in use'"),
  `${job('', '')} update job_queue_state set updated_at = now() - interval '6 minutes'`,
  event(1, 'lease_expired'),
  `insert into interlock.job_queue_arrivals (queue, job_id, arrived_at) values ('default', 'a', now() - interval '6 minutes')`,
  `${event(1, 'completed')} ${event(2, 'failed', { code: 'handler_error', final: true })}`,
]

describe('an alert', () => {
  it.each(alerts.map((block, i) => [block.code.split('\n')[0], block, i] as const))(
    '%s: rows when it is so, and only then',
    async (_, { code }, i) => {
      expect(alerts).toHaveLength(wrong.length)
      const db = await account()
      const coordinator = await db.coordinator()
      await coordinator.enqueue([
        { jobId: 'a', models: ['m'] },
        { jobId: 'b', models: ['m'] },
      ])
      const [first] = await coordinator.claim({ max: 1, kinds: null })
      // What is given back or tried again is no fault.
      if (first !== undefined) await coordinator.release(first.lease, 'later')
      const [again] = await coordinator.claim({ max: 1, kinds: null })
      if (again !== undefined) await coordinator.fail(again.lease)
      await coordinator.close()
      expect(await db.query(code)).toEqual([])
      const other = await account()
      await other.exec(wrong[i] ?? '')
      expect(await other.query(code)).not.toEqual([])
    },
  )
})

describe('SQL of a page', () => {
  it.each(checks.map((block) => [`${block.file}:${block.line}`, block.code] as const))(
    'runs: %s',
    async (_, code) => {
      const db = await account()
      await db.exec(code)
    },
  )

  it('is there', () => expect(checks.length).toBeGreaterThan(1))
})
