/** Law: what SQL accepts is answered, whatever it holds; what it refuses, no coordinator would carry out. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefused, nested, request } from '../../support/requests.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { type Account, account } from './support.ts'

async function answersOf(db: Account): Promise<readonly unknown[]> {
  await expect
    .poll(() => db.value('select count(*)::int from interlock.job_queue_inbox where answered_at is null'), {
      timeout: 20_000,
    })
    .toBe(0)
  return (await db.query('select answer from interlock.job_queue_inbox')).map((row) => row['answer'])
}

describe('a request by SQL', () => {
  it('is refused at once only if nobody would carry it out, and is answered if it is not', {
    timeout: PATIENCE,
  }, async () => {
    const db = await account()
    await db.coordinator()
    await db.value("select job_queue_beat('default', 'w', null, 1, 'test', 600000, 0)")
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const sent = db.value('select job_queue_request($1::jsonb)', [text])
        const fault = await sent.then(
          () => null,
          (error: unknown) => error as { readonly code?: string; readonly message: string },
        )
        if (fault === null) accepted++
        else if (!fault.message.includes('has no live lease')) {
          // 22P02, 22003, …: no JSON that PostgreSQL reads.
          expect(fault.code).toMatch(/^(JQ003|22...)$/)
          expect(isRefused(text), text).toBe(true)
        }
      }),
      { numRuns: runs(150) },
    )
    const answers = await answersOf(db)
    expect(answers).toHaveLength(accepted)
    expect(accepted).toBeGreaterThan(20)
    for (const answer of answers) expect(answer).toMatchObject({ ok: expect.any(Boolean) })
  })

  it('that an older release has let in is answered, and blocks nobody behind it', async () => {
    const db = await account()
    const texts = ['5', 'null', '{}', '[]', '{"type": "fly"}', '{"type": "enqueue", "jobs": 5}']
    texts.push(`{"type": "enqueue", "jobs": ${nested(5_000, '[', ']')}}`)
    texts.push(`{"type": "complete", "job_id": "a", "token": 1, "result": ${nested(2_000, '[', ']')}}`)
    for (const [n, text] of texts.entries()) {
      await db.query(
        "insert into interlock.job_queue_inbox (queue, request_id, command) values ('default', $1, $2::jsonb)",
        [`old-${n}`, text],
      )
    }
    const good = '{"type": "enqueue", "jobs": [{"job_id": "good", "models": ["m"]}]}'
    await db.value(`select job_queue_request('${good}', 'default', 'good')`)
    const coordinator = await db.coordinator()
    const answers = await answersOf(db)
    expect(answers.filter((answer) => (answer as { ok: boolean }).ok)).toHaveLength(1)
    expect(coordinator.state().waitingCount).toBe(1)
  })

  it('that submits what is no job is refused at once, and says where', async () => {
    const db = await account()
    const cases = [
      ['{}', 'jobs[0].job_id: is missing'],
      ['5', 'jobs[0]: must be an object'],
      ['null', 'jobs[0]: must be an object'],
      [null, 'jobs[0]: must be an object'],
      ['[{"job_id": "a"}]', 'jobs[0].models: is missing'],
      ['[{"job_id": "a", "models": ["m"]}, {"job_id": "", "models": []}]', 'jobs[1].job_id: must be a text'],
      ['{"job_id": "a", "models": "m"}', 'jobs[0].models: must be a list'],
      [
        JSON.stringify({ job_id: 'a', models: Array(10_001).fill('m') }),
        'jobs[0].models: must be a list of at most 10,000',
      ],
      ['{"job_id": "a", "models": [], "attempts": 1.5}', 'jobs[0].attempts: must be a whole number'],
      ['{"job_id": "a", "models": [], "colour": 1}', 'jobs[0].colour: is not a field'],
      [`{"job_id": "a", "models": [], "payload": ${nested(3_000, '[', ']')}}`, 'nests deeper'],
    ] as const
    for (const [jobs, message] of cases) {
      const refused = db.value('select job_queue_submit($1::jsonb)', [jobs])
      await expect(refused).rejects.toMatchObject({
        code: 'JQ003',
        message: expect.stringContaining(message),
      })
    }
    expect(await db.value('select count(*)::int from interlock.job_queue_inbox')).toBe(0)
  })

  it('that is a heartbeat leaves one row for each worker', async () => {
    const db = await account()
    for (let n = 0; n < 5; n++) {
      for (const worker_id of ['v', 'w']) {
        const beat = JSON.stringify({ type: 'heartbeat', worker_id, free_slots: n })
        const requested = await db.value("select job_queue_request($1, 'default', $2)", [
          beat,
          n < 2 ? null : `${worker_id}-${n}`,
        ])
        expect(await db.value('select job_queue_answer($1)', [requested])).toMatchObject({ alive: true })
      }
    }
    expect(await db.value('select count(*)::int from interlock.job_queue_inbox')).toBe(2)
  })
})
