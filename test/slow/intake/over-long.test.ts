// Slow: rows of megabytes.
import { describe, expect, it } from 'vitest'
import { account, arrivedJobs, queuedJobs } from '../../servers/intake/support.ts'

const megabytes = 10 * 1024 * 1024

/** Names in `required_models` of a row: `named(3)` is model-1, model-2, model-3. */
const named = (count: number) => `array(select 'model-' || n from generate_series(1, ${count}) n)`

/** By the beginnings of their ids, which may be long. */
async function refusals(db: Awaited<ReturnType<typeof account>>): Promise<ReadonlyMap<unknown, string>> {
  const rows = await db.query('select left(job_id, 10) as id, reason from job_queue_not_taken_in order by id')
  return new Map(rows.map((row) => [row['id'], String(row['reason'])]))
}

describe('a row of jobs that says too much (job_queue_claim_arrivals, job_queue_adoptable)', () => {
  it.each([100_000, 1_000_000])('with %i models is refused, and stops nobody', async (count) => {
    const db = await account()
    await db.exec(`insert into jobs (job_id, required_models) values ('long', ${named(count)});
      insert into jobs (job_id, model) values ('good', 'm')`)
    const store = db.store()
    const read = await store.arrivals('default', 1)
    expect(read.map(({ jobId, models }) => [jobId, models.length])).toEqual([['long', 101]])
    await db.exec('update interlock.job_queue_arrivals set claimed_until = null')
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(2)
    expect(queuedJobs(await db.log())).toEqual(['good'])
    expect((await refusals(db)).get('long')).toContain('row.models: must have at most 100 models')
    const { rows } = await store.adoptable({ jobIds: ['long'], limit: 1 })
    expect(rows.map(({ jobId, models }) => [jobId, models.length])).toEqual([['long', 101]])
  })

  it('is never taken in with a part of its models', async () => {
    const db = await account()
    await db.exec(`insert into jobs (job_id, required_models) values
      ('all', ${named(100)}),
      ('far', '[2147483546:2147483646]={${Array(101).fill('a').join()}}'),
      ('later', '[200:202]={a,b,c}'),
      ('nested', '{{a,b},{c,d}}'),
      ('same', array_fill('a'::text, array[150]) || 'b'::text)`)
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(5)
    const queued = (await db.log()).flatMap((event) => (event.type === 'queued' ? [event.spec] : []))
    expect(queued.map(({ jobId, models }) => [jobId, models.length])).toEqual([
      ['all', 100],
      ['later', 3],
    ])
    const reasons = await refusals(db)
    expect(reasons.get('far')).toContain('at most 100 models')
    expect(reasons.get('nested')).toContain('row.models[0]: must be a text')
    expect(reasons.get('same')).toContain('at most 100 models')
  })

  it('with 10 MB in a text is read no further than it has to be, and refused', async () => {
    const db = await account(
      'create table jobs (job_id text, status text, model text, kind text, user_id text, job_type text)',
    )
    const long = `repeat('x', ${megabytes})`
    await db.exec(`
      insert into jobs (job_id, status, model) values (${long}, 'pending', 'm'), ('model', 'pending', ${long});
      insert into jobs (job_id, status, required_models) values ('models', 'pending', array['m', ${long}]);
      insert into jobs (job_id, status, model, kind) values ('kind', 'pending', 'm', ${long});
      insert into jobs (job_id, status, model, user_id) values ('user', 'pending', 'm', ${long});
      insert into jobs (job_id, status, model, job_type) values ('type', 'pending', 'm', ${long})`)
    const store = db.store()
    const read = await store.arrivals('default', 10)
    expect(JSON.stringify(read).length).toBeLessThan(3_000)
    expect((await store.adoptable({ limit: 10 })).rows).toEqual([])
    await db.exec('update interlock.job_queue_arrivals set claimed_until = null')
    const coordinator = await db.coordinator()
    expect(await coordinator.takeIn({ max: 10 })).toBe(6)
    expect(queuedJobs(await db.log())).toEqual(['type'])
    const tooLong = 'must have at most 200 characters'
    expect(await refusals(db)).toEqual(
      new Map([
        ['xxxxxxxxxx', expect.stringContaining(`row.jobId: ${tooLong}`)],
        ['model', expect.stringContaining(`row.models[0]: ${tooLong}`)],
        ['models', expect.stringContaining(`row.models[1]: ${tooLong}`)],
        ['kind', expect.stringContaining(`row.kind: ${tooLong}`)],
        ['user', expect.stringContaining(`row.fairKey: ${tooLong}`)],
      ]),
    )
    expect(JSON.stringify(await store.adoptable({ limit: 10 })).length).toBeLessThan(3_000)
    expect(await arrivedJobs(db)).toEqual([])
  })

  it('with an id that no index can hold lets other rows be adopted, followed and deleted', async () => {
    const db = await account(`create table jobs (job_id text, status text, model text);
      create table workflow_executions (id text)`)
    // Too long for an index, and does not compress.
    const id = "(select string_agg(md5(n::text), '') from generate_series(1, 1000) n)"
    await db.exec(`alter table jobs disable trigger job_queue_intake;
      insert into jobs (job_id, status, model) values (${id}, 'pending', 'm'), ('good', 'pending', 'm');
      update jobs set blocked_by_job_id = 'another' where length(job_id) > 200;
      insert into workflow_executions (id, conflict_reason) values (${id}, 'because')`)
    const store = db.store()
    const { rows } = await store.adoptable({ limit: 10 })
    expect(
      await store.adopt(
        'default',
        rows.map(({ jobId }) => jobId),
      ),
    ).toEqual(['good'])
    expect(await db.value("select job_queue_reproject('default') ->> 'marked'")).toBe('0')
    await db.exec("update jobs set job_id = job_id || 'x'; delete from jobs; delete from workflow_executions")
  })
})

/** A list of texts of nearly a megabyte of JSON. jsonb_agg would go to the end of it for each of them. */
const texts = Array.from({ length: 100_000 }, (_, n) => `t${n}`)

describe('a payload of very many values (job_queue_put_staged, job_queue_data_of, job_queue_user_rows)', () => {
  it('comes from the program to the handler, whole, and stops no other job', async () => {
    const db = await account()
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'large', models: ['a'], payload: texts },
      { jobId: 'small', models: ['b'], payload: 1 },
    ])
    const started = await coordinator.claim({ max: 2, kinds: null })
    const data = await Promise.all(started.map(({ lease }) => coordinator.dataOf(lease)))
    expect(data.map((one) => one?.payload)).toEqual([texts, 1])
  })

  it('in a row of jobs comes to its handler', async () => {
    const db = await account('create table jobs (job_id text, status text, model text, input jsonb)')
    await db.query("insert into jobs values ('a', 'pending', 'm', $1)", [JSON.stringify(texts)])
    const coordinator = await db.coordinator()
    await coordinator.takeIn({ max: 10 })
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    const data = await coordinator.dataOf((started ?? expect.unreachable()).lease)
    expect(data?.row?.['input']).toEqual(texts)
  })
})

describe('a row that the server cannot read (job_queue_data_of)', () => {
  it('keeps only its own handler waiting', async () => {
    const db = await account(`create type odd as enum ('one');
      create function unreadable(odd) returns json language plpgsql as
        'begin raise exception using errcode = ''54000'', message = ''too much''; end';
      create cast (odd as json) with function unreadable(odd);
      create table jobs (job_id text, status text, model text, input odd)`)
    await db.exec(`insert into jobs (job_id, status, model, input) values
      ('a', 'pending', 'a', null), ('b', 'pending', 'b', 'one'), ('c', 'pending', 'c', null)`)
    const coordinator = await db.coordinator()
    await coordinator.setPolicy('by-model')
    await coordinator.takeIn({ max: 10 })
    const started = await coordinator.claim({ max: 3, kinds: null })
    const read = await Promise.allSettled(started.map(({ lease }) => coordinator.dataOf(lease)))
    expect(read.map((one) => (one.status === 'fulfilled' ? one.value?.row?.['job_id'] : one.status))).toEqual(
      ['a', 'rejected', 'c'],
    )
  })

  it('with others, as their answer would be too large, is read without them', async () => {
    const db = await account()
    await db.exec(`alter function job_queue_data_of rename to data_of_one;
      create function job_queue_data_of(queue text, job_ids text[]) returns jsonb language plpgsql as $$ begin
        if cardinality(job_ids) > 1 then raise exception using errcode = '54000', message = 'too much'; end if;
        return data_of_one(queue, job_ids); end $$`)
    const coordinator = await db.coordinator()
    await coordinator.enqueue(
      ['a', 'b', 'c'].map((jobId) => ({ jobId, models: [jobId], payload: `of ${jobId}` })),
    )
    const data = await coordinator.data(['c', 'a', 'b'])
    expect(data.map(({ payload }) => payload)).toEqual(['of c', 'of a', 'of b'])
  })
})
