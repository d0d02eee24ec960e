import { describe, expect, it } from 'vitest'
import { verify } from '../../../src/tools/history/index.ts'
import { tamper } from '../cli/history.ts'
import { account } from '../intake/support.ts'

/** What the owner of the tables can change, past every trigger. The log has 7 events; the chain begins with the first. */
const kinds: Readonly<Record<string, string>> = {
  'an event is deleted': 'delete from job_queue_log where seq = 3',
  'the tail is cut off': 'delete from job_queue_log where seq > 5',
  'an event is added at the end': `insert into job_queue_log (seq, created_at, queue, event_type, worker_id)
    select version + 1, last_at + interval '1 second', queue, 'drain_requested', 'w' from interlock.job_queue_heads`,
  'the numbers of two events': 'update job_queue_log set seq = -seq where seq in (3, 4)',
  'the models of an event': `update job_queue_log set models = '{other}' where seq = 2`,
  'the job of an event': `update job_queue_log set job_id = 'c' where seq = 2`,
  'the time of an event': `update job_queue_log set created_at = created_at + interval '1 microsecond' where seq = 2`,
  'the type of an event': `update job_queue_log set event_type = 'resumed', job_id = null where seq = 2`,
  'the data of an event': `update job_queue_log set data = data || '{"priority": 7}' where seq = 2`,
  'the hash of a payload in an event': `update job_queue_log set data = data || '{"payload_hash": 7}' where seq = 2`,
  'the worker of an event': `update job_queue_log set worker_id = 'another' where event_type = 'started'`,
  'the command of an event': `update job_queue_log set command_id = 'another' where seq = 2`,
  'the row of the queue': 'update job_queue_state set waiting_count = 7',
  'the row of a job': `update job_queue_jobs set priority = 7 where job_id = 'b'`,
  'a row of a job is added': `insert into job_queue_jobs
    select (jsonb_populate_record(j, '{"job_id": "ghost"}')).* from job_queue_jobs j where job_id = 'b'`,
  'a payload': `update interlock.job_queue_data set payload = payload || '2' where job_id = 'b'`,
}

describe('verify with a hash chain finds each of sixteen kinds of tampering', () => {
  it.each(Object.entries(kinds))('%s', async (_, statement) => {
    const db = await account()
    const coordinator = await db.coordinator()
    const access = { store: db.store() }
    await access.store.startChain('default')
    await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'], payload: [jobId] })))
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    await coordinator.complete((started ?? expect.unreachable()).lease)
    expect(await verify(access)).toMatchObject({ ok: true, payloads: { same: 3 } })
    await tamper(db.url, statement)
    expect((await verify(access)).ok).toBe(false)
  })
})
