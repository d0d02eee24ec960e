import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/engine/store/pglite/database.ts'
import { sqlCalls } from '../../../src/engine/store/sql/index.ts'
import { embeddedIn } from '../../support/embedded.ts'

it('the embedded database notes arrivals, hand edits and the rows of jobs like any other', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-intake-'))
  await embeddedIn(folder)
  const database = await openDatabase(path.join(folder, 'database'), 'pglite:intake')
  onTestFinished(async () => {
    await database.close()
    await rm(folder, { recursive: true })
  })
  const heard: string[] = []
  database.listen((payload) => heard.push(payload))
  const store = sqlCalls(database.rpc)
  await store.open('default')
  await database.db.exec("insert into jobs (job_id, model) values ('a', 'm'), ('b', null)")
  await expect.poll(() => heard).toEqual(['intake'])
  const arrivals = await store.arrivals('default', 10)
  expect(arrivals).toMatchObject([
    { jobId: 'a', models: ['m'] },
    { jobId: 'b', models: [] },
  ])
  expect(await store.arrivals('default', 10)).toEqual([])
  await store.taken(
    'default',
    [arrivals[0]?.arrivalId ?? 0],
    [{ arrivalId: arrivals[1]?.arrivalId ?? 0, reason: 'no' }],
  )
  const { rows } = await database.db.query('select job_id, reason from job_queue_not_taken_in')
  expect(rows).toEqual([{ job_id: 'b', reason: 'no' }])
  expect(await store.data('default', ['a'])).toMatchObject([{ row: { job_id: 'a', status: 'pending' } }])
  await database.db.exec(`insert into job_queue_jobs (queue, job_id, state, job_type, kind, models, priority, place_level,
      place_order, place_tie, queued_at, attempt, attempts, timeout_ms)
    values ('default', 'a', 'waiting', 'normal', 'normal', '{m}', 0, 0, 0, 0, now(), 0, 1, 1000)`)
  await database.db.exec("delete from jobs where job_id = 'a'")
  const open = () => store.incoming('default', 10, false)
  const [request] = (await open()).requests
  expect(request?.command).toMatchObject({ type: 'cancel', job_id: 'a' })
  await store.answer('default', [{ requestId: request?.requestId ?? '', answer: { ok: true } }])
  expect(await open()).toEqual({ requests: [], submissions: [] })
  // Of a row whose id the log knew before no job comes, and the row says so.
  await database.db.exec(`insert into job_queue_log (queue, seq, created_at, event_type, job_id, job_type, models, data,
      command_id, command_hash, schema_version)
    values ('default', 1, now(), 'queued', 'c', 'normal', '{m}', '{}', 'command', 1, 1);
    insert into jobs (job_id, model) values ('c', 'm')`)
  const [known] = await store.arrivals('default', 10)
  await store.taken('default', [known?.arrivalId ?? 0])
  const said = await database.db.query("select status, conflict_reason from jobs where job_id = 'c'")
  expect(said.rows).toEqual([
    { status: 'pending', conflict_reason: expect.stringMatching(/^not taken in: the queue knew a job/) },
  ])
})
