/** Submissions come and go: a table that was empty at its last ANALYZE looks as if no index mattered, and has thousands of rows a moment later. */
import { expect, it } from 'vitest'
import { migrate } from '../../../src/engine/migrate/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { appendFacts, explaining, type Session, scanned } from './plans-support.ts'
import { connect } from './support.ts'

const MANY = 2_000
const PART = 250

const call = (n: number) => `select job_queue_submit_call('default', 'call:${n}', 'digest', jsonb_agg(
  jsonb_build_object('job_id', 'job-${n}-' || j, 'models', jsonb_build_array('m'))), '{}', 0) from generate_series(1, ${MANY}) j`

async function putInLine(
  session: Session,
  part: readonly { readonly id: string; readonly job_id: string }[],
) {
  const of = { event_type: 'queued', job_type: 'normal', models: ['m'], data: { kind: 'normal' } }
  const answer = await appendFacts(
    session,
    part.map(({ job_id }) => ({ ...of, job_id })),
    { submissions: part.map(({ id }) => Number(id)) },
  )
  expect(answer.ok).toBe(true)
}

it('are found by their numbers, also where the table was empty when it was last analysed', async () => {
  const url = await createDatabase('submissions')
  const db = await connect(url)
  await migrate(db)
  await db.exec('alter table interlock.job_queue_submissions set (autovacuum_enabled = off)')
  const session = await explaining(url)
  await session.query(call(1))
  await session.query('delete from interlock.job_queue_submissions')
  await session.query('analyze')
  await session.query(call(2))
  const part = await session.query(
    `select id, job_id from interlock.job_queue_submissions order by id desc limit ${PART}`,
  )
  session.planned()
  await putInLine(session, part as never)
  await session.query(`update interlock.job_queue_inbox set taken_until = null`)
  await session.query(`update interlock.job_queue_submissions set taken_until = null`)
  const looked = session.planned()
  const [incoming] = await session.query(`select job_queue_incoming('default', 10, true) as answer`)
  expect(incoming).toMatchObject({ answer: { submissions: { length: 100 } } })
  const plans = [...looked, ...session.planned()].filter(
    ({ 'Query Text': text }) => /for update|^delete|^update/i.test(text) && !/taken_until = null/.test(text),
  )
  expect(plans.map((plan) => scanned(plan, 'job_queue_submissions')).filter((rows) => rows > PART)).toEqual(
    [],
  )
  expect(plans.length).toBeGreaterThan(3)
  expect(await db.value('select count(*)::int from interlock.job_queue_submissions')).toBe(MANY - PART)
})
