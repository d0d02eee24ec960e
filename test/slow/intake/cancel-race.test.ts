// Slow: the same race many times.
/** What SQL has cancelled before a process starts it does not start, whatever starts it. `RACES=500` for a long run. */
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { memoryRequest } from '../../../src/engine/store/memory/inbox.ts'
import { memoryDatabase, memoryStore } from '../../../src/engine/store/memory/index.ts'
import { join } from '../../servers/coordinator/support.ts'
import { type Account, account } from '../../servers/intake/support.ts'
import { startMigrated, storeOn } from '../../servers/supabase/support.ts'
import { clientOf } from '../../support/supabase/project.ts'

const RACES = Number(process.env['RACES'] ?? 12)
const LONG = 10_000 + RACES * 400
const claim = { max: 10, kinds: null }

type Cancel = (jobId: string) => Promise<unknown>

/** A queue whose jobs are cancelled from beside it. */
interface Bench {
  readonly cancel: Cancel
  readonly join: () => Promise<Coordinator>
  /** Where wake-ups take their time, there are fewer. */
  readonly races?: number
}

function onPostgres(db: Account): Bench {
  const cancel: Cancel = (jobId) =>
    db.value(`select job_queue_request(jsonb_build_object('type', 'cancel', 'job_id', $1::text))`, [jobId])
  // Without polls, which would ask at the gate again: every start here comes by a command or a wake-up.
  return { cancel, join: () => join({ store: db.store(), pollMs: 60_000 }) }
}

function inMemory(): Bench {
  const database = memoryDatabase()
  const cancel: Cancel = async (job_id) => memoryRequest(database, { type: 'cancel', job_id })
  return { cancel, join: () => join({ store: memoryStore(database) }) }
}

/** As a server that has the HTTP API alone; the wake-ups come from Realtime. */
async function overHttp(): Promise<Bench> {
  const project = await startMigrated()
  const client = clientOf(project, project.keys.secret)
  onTestFinished(() => project.close())
  const cancel: Cancel = async (job_id) => {
    const { error } = await client.rpc('job_queue_request', { command: { type: 'cancel', job_id } })
    expect(error).toBe(null)
  }
  const coordinatorOf = async () => {
    const store = storeOn(project)
    onTestFinished(() => store.close())
    return join({ store, pollMs: 60_000 })
  }
  return { cancel, join: coordinatorOf, races: Math.ceil(RACES / 4) }
}

const benches: [string, () => Promise<Bench>][] = [
  ['in memory', async () => inMemory()],
  ['on PostgreSQL', async () => onPostgres(await account())],
  ['over HTTP', overHttp],
]

describe.each(benches)('a job that SQL cancels before it starts, %s', (_name, make) => {
  it('is not started by a claim', { timeout: LONG }, async () => {
    const { cancel, join: coordinatorOf, races = RACES } = await make()
    const coordinator = await coordinatorOf()
    await coordinator.setPolicy('by-model')
    for (let n = 0; n < races; n++) {
      await coordinator.enqueue([{ jobId: `j${n}`, models: ['m'] }])
      await cancel(`j${n}`)
      expect(await coordinator.claim(claim)).toEqual([])
    }
  })

  it('is not started by the first claim of a process', { timeout: LONG }, async () => {
    const { cancel, join: coordinatorOf } = await make()
    const first = await coordinatorOf()
    await first.enqueue([{ jobId: 'j', models: ['m'] }])
    await first.close()
    await cancel('j')
    const second = await coordinatorOf()
    expect(await second.claim(claim)).toEqual([])
  })

  it('is not started by the end of the job before it', { timeout: LONG }, async () => {
    const { cancel, join: coordinatorOf, races = RACES } = await make()
    const coordinator = await coordinatorOf()
    await coordinator.enqueue([{ jobId: 'first', models: ['m'] }])
    let [running] = await coordinator.claim(claim)
    for (let n = 0; n < races; n++) {
      await coordinator.enqueue([
        { jobId: `j${n}`, models: ['m'] },
        { jobId: `k${n}`, models: ['m'] },
      ])
      await cancel(`j${n}`)
      if (running === undefined) throw new Error('nothing runs')
      // The next one behind it starts as soon as it is gone.
      const handed = await coordinator.complete(running.lease, { claim })
      const [next] = handed.length > 0 ? handed : await startOf(coordinator)
      expect(next?.lease.jobId).toBe(`k${n}`)
      running = next
    }
  })

  it('is not started for a call that waits at the gate', { timeout: LONG }, async () => {
    const { cancel, join: coordinatorOf, races = RACES } = await make()
    const [holder, asker] = [await coordinatorOf(), await coordinatorOf()]
    for (let n = 0; n < races; n++) {
      await holder.onJobStart(`h${n}`, 'normal', ['m'])
      const waiting = asker
        .onJobStart(`j${n}`, 'normal', ['m'], { wait: true })
        .catch((error: unknown) => (isInterlockError(error) ? error.code : error))
      await expect.poll(() => holder.state().waitingCount, { interval: 1 }).toBe(1)
      await cancel(`j${n}`)
      await holder.onJobComplete(`h${n}`, 'normal')
      expect(await waiting).toBe('job_not_live')
    }
  })
})

async function startOf(coordinator: Coordinator) {
  for (;;) {
    const started = await coordinator.claim(claim)
    if (started.length > 0) return started
  }
}

it('a row that is deleted before its job starts is not worked', { timeout: LONG }, async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.setPolicy('by-model')
  for (let n = 0; n < RACES; n++) {
    await db.value("insert into jobs (job_id, model) values ($1, 'm') returning 1", [`j${n}`])
    await expect
      .poll(async () => (await coordinator.takeIn({ max: 10 })) && coordinator.state().waitingCount)
      .toBe(1)
    await db.value('delete from jobs where job_id = $1 returning 1', [`j${n}`])
    expect(await coordinator.claim(claim)).toEqual([])
    await expect.poll(() => coordinator.state().waitingCount, { interval: 1 }).toBe(0)
  }
})

it('another life of a job that was cancelled by its row starts', async () => {
  const db = await account()
  const coordinator = await db.coordinator()
  await coordinator.enqueue([{ jobId: 'j', models: ['m'] }])
  const command = { type: 'cancel', job_id: 'j', queued_at: 1 }
  const other = db.value(`select job_queue_request($1)`, [JSON.stringify(command)])
  await other
  expect(await coordinator.claim(claim)).toHaveLength(1)
})
