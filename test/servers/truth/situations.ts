/** What can be with a job. Each is made as it happens, and says which job it is about. */
import { archive } from '../../../src/tools/history/index.ts'
import { eventually } from '../../support/this-test.ts'
import type { Scene } from './scene.ts'

/** @returns the id of the job */
export type Make = (scene: Scene) => Promise<string>

/** What a schedule calls a job of its own. */
const SCHEDULED = 'nightly@2027-01-01T00:00:00.000Z'

const job = (jobId: string, models: readonly string[] = ['m'], more: object = {}) => ({
  jobId,
  models,
  ...more,
})

/** A process puts these in line, and is gone. */
const enqueued = (scene: Scene, jobs: readonly object[], policy: object = { maxActive: null }) =>
  scene.briefly(async (coordinator) => {
    await coordinator.setPolicy(policy)
    await coordinator.enqueue(jobs as Parameters<typeof coordinator.enqueue>[0])
  })

/** `a` holds the model `m` in a worker that is alive, and these wait. */
async function beside(scene: Scene, jobs: readonly object[], policy?: object): Promise<void> {
  await scene.worker('py')
  await scene.briefly(async (coordinator) => {
    await coordinator.setPolicy(policy ?? { maxActive: null })
    await scene.start('a', ['m'], 'py')
    await coordinator.enqueue(jobs as Parameters<typeof coordinator.enqueue>[0])
  })
}

/** The job ends at once, in a process that is gone afterwards. */
async function ended(scene: Scene, how: 'complete' | 'fail'): Promise<string> {
  await scene.briefly(async (coordinator) => {
    await coordinator.enqueue([job('j')])
    const [started] = await coordinator.claim({ max: 1, kinds: null })
    if (started === undefined) throw new Error('it did not start')
    if (how === 'complete') await coordinator.complete(started.lease)
    else await coordinator.fail(started.lease, { retryAt: null, error: { message: 'no' } })
  })
  return 'j'
}

const waiting: Readonly<Record<string, Make>> = {
  'may start, nobody is alive': async (scene) => {
    await enqueued(scene, [job('j')])
    return 'j'
  },
  'may start, nobody has a handler for its kind': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.enqueue([job('j', ['m'], { kind: 'report' })])
    return 'j'
  },
  'behind a job of a kind that nobody has a handler for': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    // Until its offer is over, the first one keeps its place: for as long as somebody looks here.
    await coordinator.setPolicy({ maxActive: null, offerMs: 600_000 })
    await coordinator.enqueue([job('a', ['m'], { kind: 'raport' }), job('j')])
    return 'j'
  },
  'its model is in use': async (scene) => {
    await beside(scene, [job('j')])
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'its model is held by a worker that was killed': async (scene) => {
    await beside(scene, [job('j')])
    await scene.killed('py', '4 min')
    return 'j'
  },
  'behind another one in line': async (scene) => {
    await beside(scene, [job('b', ['m', 'n']), job('j', ['n'])])
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'one job at a time': async (scene) => {
    await beside(scene, [job('j', ['n'])], { maxActive: 1 })
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'no slot of the queue is free': async (scene) => {
    await scene.worker('py')
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ maxActive: 2 })
      await scene.start('a', ['m'], 'py')
      await scene.start('b', ['x'], 'py')
      await coordinator.enqueue([job('j', ['n'])])
    })
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'not due': async (scene) => {
    await enqueued(scene, [job('j', ['m'], { runAt: new Date(Date.now() + 3_600_000) })])
    return 'j'
  },
  'comes after a job that runs': async (scene) => {
    await beside(scene, [job('j', ['n'], { after: ['a'] })])
    return 'j'
  },
  'between two tries': async (scene) => {
    await scene.briefly(async (coordinator) => {
      await coordinator.enqueue([job('j')])
      const [started] = await coordinator.claim({ max: 1, kinds: null })
      if (started === undefined) throw new Error('it did not start')
      const retryAt = new Date(Date.now() + 3_600_000)
      await coordinator.fail(started.lease, { retryAt, error: { name: 'Error', message: 'no answer' } })
    })
    return 'j'
  },
  'its model is paused': async (scene) => {
    await enqueued(scene, [job('j')])
    await scene.briefly((coordinator) => coordinator.pauseModel('m', { reason: 'by_hand' }))
    return 'j'
  },
  'over the rate of its model': async (scene) => {
    await scene.worker('py')
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ maxActive: null, rate: { m: { starts: 1, perSeconds: 3_600 } } })
      const token = await scene.start('a', ['m'], 'py')
      await scene.ask({ type: 'complete', job_id: 'a', token, worker_id: 'py' })
      await coordinator.enqueue([job('j')])
    })
    return 'j'
  },
  'its share is used up': async (scene) => {
    await scene.worker('py')
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ maxActive: null, fairShare: { maxActive: 1 } })
      await scene.start('a', ['m'], 'py', { fair_key: 'ann' })
      await coordinator.enqueue([job('j', ['n'], { fairKey: 'ann' })])
    })
    return 'j'
  },
  'its tier has no room': async (scene) => {
    await scene.worker('py')
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ maxActive: null, tiers: { free: { maxTogether: 1 } } })
      await scene.start('a', ['m'], 'py', { fair_key: 'free/ann' })
      await coordinator.enqueue([job('j', ['n'], { fairKey: 'free/ben' })])
    })
    return 'j'
  },
  'what it uses is used up': async (scene) => {
    await scene.worker('py')
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ maxActive: null, uses: { tpm: { limit: 10, perSeconds: 3_600 } } })
      await scene.start('a', ['m'], 'py', { uses: { tpm: 9 } })
      await coordinator.enqueue([job('j', ['n'], { uses: { tpm: 2 } })])
    })
    return 'j'
  },
  'it uses more than there ever is': async (scene) => {
    const uses = { tpm: { limit: 10, perSeconds: 3_600 } }
    await enqueued(scene, [job('j', ['n'], { uses: { tpm: 9 } })], { maxActive: null, uses })
    await scene.briefly((coordinator) => coordinator.setPolicy({ uses: { tpm: { ...uses.tpm, limit: 5 } } }))
    return 'j'
  },
  'it fits no place': async (scene) => {
    const rules = (vram: number) => ({
      maxActive: null,
      capacity: { m: ['h:0'] },
      units: { 'h:0': { vram } },
    })
    await enqueued(scene, [job('j', ['m'], { asks: { m: { vram: 8 } } })], rules(8))
    await scene.briefly((coordinator) => coordinator.setPolicy(rules(4)))
    return 'j'
  },
  'nobody serves one of its two cards': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: ['h:0', 'h:1'] } })
    await coordinator.claim({ max: 1, kinds: null, serves: ['h:0'] })
    await scene.worker('py')
    await scene.start('a', ['m'], 'py')
    await coordinator.enqueue([job('j')])
    return 'j'
  },
  'a process serves a card by a name that is none': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: ['h:0', 'h:1'] } })
    await coordinator.claim({ max: 1, kinds: null, serves: ['h:0', 'h-1'] })
    await scene.worker('py')
    await scene.start('a', ['m'], 'py')
    await coordinator.enqueue([job('j')])
    return 'j'
  },
  'all workers are gone, a producer is alive': async (scene) => {
    await scene.worker('py')
    await scene.killed('py', '4 min')
    const producer = await scene.join()
    await producer.enqueue([job('j')])
    return 'j'
  },
  'others use what is limited': async (scene) => {
    await beside(scene, [job('j')], { maxActive: null, uses: { tpm: { limit: 10, perSeconds: 3_600 } } })
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'its place is taken by a job of another model': async (scene) => {
    const capacity = { m: ['host1:0'], n: ['host1:0'] }
    await beside(scene, [job('j', ['n'])], { maxActive: null, capacity })
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'its turn comes after that of another key': async (scene) => {
    const rules = { maxActive: 1, maxOvertakes: null, weights: { '*': 1 } }
    await beside(scene, [job('b', ['m'], { fairKey: 'ben' }), job('j', ['n'], { fairKey: 'ann' })], rules)
    await scene.offering(['normal'], 1)
    return 'j'
  },
  'the queue is draining': async (scene) => {
    await beside(scene, [job('j', ['n'])])
    const coordinator = await scene.join()
    await coordinator.drain()
    return 'j'
  },
  'the queue is drained': async (scene) => {
    await enqueued(scene, [job('j')])
    await scene.briefly((coordinator) => coordinator.drain())
    return 'j'
  },
  'its cancel by SQL is undecided': async (scene) => {
    await enqueued(scene, [job('j')])
    await scene.request({ type: 'cancel', job_id: 'j' })
    return 'j'
  },
  'submitted again with another spec, refused': async (scene) => {
    await scene.briefly(async (coordinator) => {
      await coordinator.enqueue([job('j')])
      await scene.ask({ type: 'enqueue', jobs: [{ job_id: 'j', models: ['other'] }] })
    })
    return 'j'
  },
}

/** It runs in a worker of another language. */
async function running(scene: Scene, graceMs = 0): Promise<number> {
  await scene.worker('py', { graceMs })
  return scene.briefly(() => scene.start('j', ['m'], 'py'))
}

const active: Readonly<Record<string, Make>> = {
  'runs in a live worker': async (scene) => {
    await running(scene)
    return 'j'
  },
  'its worker missed its heartbeats': async (scene) => {
    await running(scene, 3_600_000)
    await scene.killed('py', '1 min')
    return 'j'
  },
  'its worker was killed 4 minutes ago': async (scene) => {
    await running(scene)
    await scene.killed('py', '4 min')
    return 'j'
  },
  'its worker was killed, one that decides nothing is alive': async (scene) => {
    await running(scene)
    await scene.killed('py', '4 min')
    await scene.worker('other')
    return 'j'
  },
  'asked to stop': async (scene) => {
    await running(scene)
    await scene.briefly((coordinator) => coordinator.cancel('j'))
    return 'j'
  },
  detached: async (scene) => {
    const token = await running(scene)
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await scene.briefly(() => scene.ask({ type: 'detach', job_id: 'j', token, until, worker_id: 'py' }))
    return 'j'
  },
  'in doubt after a restore': async (scene) => {
    await running(scene)
    await scene.briefly((coordinator) => coordinator.recover())
    return 'j'
  },
  'its end is committed, and its worker was killed': async (scene) => {
    await running(scene)
    const fence = await scene.value(
      `select lpad(h.epoch::text, 10, '0') || '.' || lpad(j.fencing_token::text, 16, '0')
         from job_queue_jobs j join interlock.job_queue_heads h on h.queue = j.queue where j.queue = $1 and j.job_id = 'j'`,
      [scene.queue],
    )
    await scene.value(`select job_queue_complete_in('j', $1, null, $2)`, [fence, scene.queue])
    await scene.killed('py', '4 min')
    return 'j'
  },
  'its end by SQL is undecided': async (scene) => {
    const token = await running(scene)
    await scene.request({ type: 'complete', job_id: 'j', token, worker_id: 'py' })
    return 'j'
  },
}

const notLive: Readonly<Record<string, Make>> = {
  'submitted, nobody decides': async (scene) => {
    await scene.briefly(async () => {})
    await scene.value('select job_queue_submit($1, $2)', [
      JSON.stringify({ job_id: 'j', models: ['m'] }),
      scene.queue,
    ])
    return 'j'
  },
  'submitted, its model is not declared any more': async (scene) => {
    const client = await scene.pool.connect()
    await client.query('begin')
    await client.query('select job_queue_submit($1, $2)', [
      JSON.stringify({ job_id: 'j', models: ['m'] }),
      scene.queue,
    ])
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ models: { other: {} } })
      await client.query('commit')
      await eventually(() => coordinator.explain('j')).toMatchObject({ code: 'unknown_model' })
    })
    client.release()
    return 'j'
  },
  'submitted, its id is one that a schedule gives': async (scene) => {
    await scene.briefly(async (coordinator) => {
      await coordinator.schedules('own', [{ id: 'nightly', cron: '0 0 1 1 *', job: { models: ['m'] } }])
      await scene.value('select job_queue_submit($1, $2)', [
        JSON.stringify({ job_id: SCHEDULED, models: ['m'] }),
        scene.queue,
      ])
      await eventually(() => coordinator.explain(SCHEDULED)).toMatchObject({ code: 'schedule_owned' })
    })
    return SCHEDULED
  },
  'submitted, refused after the commit': async (scene) => {
    await scene.briefly(async (coordinator) => {
      await coordinator.setPolicy({ emptySet: 'reject' })
      await scene.ask({ type: 'enqueue', jobs: [{ job_id: 'j', models: [] }] })
    })
    return 'j'
  },
  completed: (scene) => ended(scene, 'complete'),
  'failed for good': (scene) => ended(scene, 'fail'),
  cancelled: async (scene) => {
    await enqueued(scene, [job('j')])
    await scene.briefly((coordinator) => coordinator.cancel('j'))
    return 'j'
  },
  'ran outside the line': async (scene) => {
    await scene.briefly((coordinator) => coordinator.onJobStart('j', 'normal', []))
    return 'j'
  },
  'ended, archived and kept': async (scene) => {
    await ended(scene, 'complete')
    await cut(scene, true)
    return 'j'
  },
  'ended, archived and gone': async (scene) => {
    await ended(scene, 'complete')
    await cut(scene, false)
    return 'j'
  },
  'never heard of': async (scene) => {
    await scene.briefly(async () => {})
    return 'j'
  },
}

/** The user's table follows first: only then events leave the log. */
async function cut(scene: Scene, keep: boolean): Promise<void> {
  const { store, queue } = scene
  const { version } = await store.read(queue, 0, 1)
  while ((await store.project(queue, 1_000)).projectedSeq < version);
  await archive({ store, queue }, { before: version, keep })
}

const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000)

/** Time passes in them, more than any process takes to make them. */
const timed: Readonly<Record<string, Make>> = {
  'may start, a worker is free': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.enqueue([job('j')])
    await scene.pass(2)
    return 'j'
  },
  'may start, all slots are taken': async (scene) => {
    const coordinator = await scene.offering(['normal'], 0)
    await coordinator.enqueue([job('j')])
    await scene.pass(2)
    return 'j'
  },
  'may start, beside a worker that serves no place': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: ['h:0'] } })
    await scene.worker('py')
    await scene.ask({ type: 'claim', worker_id: 'py', max: 1, serves: [] })
    await coordinator.enqueue([job('j')])
    return 'j'
  },
  'it needs a place, and only a worker that serves none is alive': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: ['h:0'] } })
    await coordinator.claim({ max: 1, serves: [] })
    await coordinator.enqueue([job('j')])
    await scene.pass(2)
    return 'j'
  },
  'the process that serves its place has no free slot': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: ['host1:0'], n: ['host2:0'] } })
    await scene.worker('py', { freeSlots: 0 })
    await scene.ask({ type: 'claim', worker_id: 'py', max: 1, serves: ['host1:0'] })
    await coordinator.claim({ max: 1, serves: ['host2:0'] })
    await coordinator.enqueue([job('j')])
    await scene.pass(2)
    return 'j'
  },
  'beside a batch': async (scene) => {
    const coordinator = await scene.offering(['normal'], 1)
    await coordinator.setPolicy({ maxActive: null, capacity: { m: 2 } })
    await coordinator.enqueue([job('a'), job('b')])
    await coordinator.claim({ max: 1, batches: [{ kind: '*', size: 2 }] })
    await coordinator.enqueue([job('j')])
    await scene.pass(2)
    return 'j'
  },
  'its time came, and nobody noted it': async (scene) => {
    await enqueued(scene, [job('j', ['m'], { runAt: inMinutes(10) })])
    await scene.pass(20)
    return 'j'
  },
  'behind one that no worker wanted in time': async (scene) => {
    await enqueued(scene, [job('a', ['m'], { kind: 'report' }), job('j')], {
      maxActive: null,
      offerMs: 600_000,
    })
    await scene.pass(20)
    return 'j'
  },
  'it waited too long, and nobody noted it': async (scene) => {
    await enqueued(scene, [job('j', ['m'], { expireMs: 600_000 })])
    await scene.pass(20)
    return 'j'
  },
  'detached, its time is over': async (scene) => {
    const token = await running(scene)
    const until = inMinutes(10).toISOString()
    await scene.briefly(() => scene.ask({ type: 'detach', job_id: 'j', token, until, worker_id: 'py' }))
    await scene.pass(20)
    return 'j'
  },
  expired: async (scene) => {
    await enqueued(scene, [job('j', ['m'], { expireMs: 600_000 })])
    await scene.pass(20)
    // A process notes it by itself, but not if it is closed before its timer goes off.
    await scene.briefly((coordinator) => eventually(() => coordinator.state().waitingCount).toBe(0))
    return 'j'
  },
}

/** Rows of the user's own table. Every queue of a database may take them. */
const rows: Readonly<Record<string, Make>> = {
  'its row arrived, nobody takes it in': async (scene) => {
    await scene.briefly(async () => {})
    await scene.pool.query(`insert into jobs (job_id, model) values ('j', 'm')`)
    return 'j'
  },
  'its row cannot be taken in': async (scene) => {
    await scene.pool.query(`insert into jobs (job_id, model, priority) values ('j', 'm', 5000)`)
    await scene.briefly((coordinator) => coordinator.takeIn({ max: 10 }))
    return 'j'
  },
  'its row is older than Interlock': async (scene) => {
    await scene.briefly(async () => {})
    await scene.pool.query(`insert into jobs (job_id, status, model) values ('j', 'draft', 'm')`)
    await scene.pool.query(
      `begin; set local interlock.projecting = 'on'; update jobs set status = 'pending'; commit`,
    )
    return 'j'
  },
  'runs, its row is behind': async (scene) => {
    await scene.worker('py')
    await scene.pool.query(`insert into jobs (job_id, model) values ('j', 'm')`)
    const other = await scene.pool.connect()
    // Nobody can write to the table meanwhile.
    await other.query('begin; lock table jobs in exclusive mode')
    await scene.briefly(async (coordinator) => {
      await coordinator.takeIn({ max: 10 })
      await scene.ask({ type: 'claim', worker_id: 'py', max: 1 })
    })
    await other.query('rollback')
    other.release()
    return 'j'
  },
}

export const situations = { ...waiting, ...active, ...notLive }
/** Each of these has a database for itself. */
export const ownSituations = { ...timed, ...rows }
