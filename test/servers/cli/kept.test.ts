/** What was archived and kept stays as it is, and what was done to it all the same is noticed, without a hash chain too. */
import pg from 'pg'
import { expect, it } from 'vitest'
import { documentOf, emptyQueue, tamper, worked } from './history.ts'
import { interlock } from './support.ts'

/** A queue without a chain, twice cut, so that what is kept was noted in two parts. */
async function keptQueue() {
  const url = await emptyQueue()
  await worked(url, ['a,m,0', 'b,m;n,0'])
  await documentOf(url, ['archive', '--before', '4'])
  await worked(url, ['c,o,0', 'd,p,0'])
  expect(await documentOf(url, ['archive', '--before', '9'])).toMatchObject({ archivedSeq: 9, archived: 5 })
  return url
}

const saidOf = async (url: string, command: string) =>
  JSON.parse((await interlock([command, '--url', url, '--json'])).stdout)

it('refuses every change to its owner, and stays what the checks expect', async () => {
  const url = await keptQueue()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of [
    "update interlock.job_queue_log_archive set job_id = 'x' where seq = 2",
    'delete from interlock.job_queue_log_archive where seq = 2',
    'truncate interlock.job_queue_log_archive',
    'insert into interlock.job_queue_log_archive select * from job_queue_log limit 1',
  ])
    await expect(client.query(statement), statement).rejects.toMatchObject({ code: 'JQ101' })
  await client.end()
  expect(await saidOf(url, 'verify')).toMatchObject({ ok: true, fromSeq: 1 })
  expect(await saidOf(url, 'audit')).toMatchObject({ violations: [] })
  // What `archive` does to it itself is no change by hand.
  expect(await documentOf(url, ['archive', '--before', '10', '--drop'])).toMatchObject({ unkept: 9 })
  expect(await saidOf(url, 'verify')).toMatchObject({ ok: true, fromSeq: 11 })
})

it.each([
  ['delete from interlock.job_queue_log_archive', 1],
  ['delete from interlock.job_queue_log_archive where seq = 6', 6],
  ['delete from interlock.job_queue_log_archive where seq > 7', 8],
  ["update interlock.job_queue_log_archive set worker_id = 'nobody' where seq = 2", 1],
  [
    "update interlock.job_queue_log_archive set created_at = created_at + interval '1 microsecond' where seq = 5",
    1,
  ],
])('is missed or found changed: %s', async (statement, seq) => {
  const url = await keptQueue()
  await tamper(url, statement)
  expect(await saidOf(url, 'verify')).toMatchObject({ ok: false, firstBad: { seq } })
  const { violations } = await saidOf(url, 'audit')
  expect(violations).toContainEqual(expect.objectContaining({ seq, rule: 'sequence' }))
})
