// Slow: a whole queue through dozens of commands, each a process.
import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, logOf, tamper, worked } from '../../servers/cli/history.ts'
import { interlock } from '../../servers/cli/support.ts'

/** A queue of which the second half of the history is chained. */
async function chainedQueue(): Promise<{ readonly url: string; readonly from: number }> {
  const url = await emptyQueue()
  await worked(
    url,
    ['a,m,0', 'b,m;n,0', 'ü "\\,o,0'].map((line) => line.replaceAll('"', '')),
  )
  const { from, anchor } = await documentOf(url, ['chain', '--start'])
  expect(anchor).toMatch(new RegExp(`^${from}:[0-9a-f]{64}$`))
  await worked(url, ['c,m,0', 'd,m;ü n,0', 'e,o,0'])
  return { url, from }
}

describe('interlock chain (job_queue_chain, job_queue_start_chain)', () => {
  it('is kept from where it was started, checked, and named as an anchor that stays true', async () => {
    const { url, from } = await chainedQueue()
    const { anchor } = await documentOf(url, ['chain'])
    expect(Number(anchor.split(':')[0])).toBe((await logOf(url)).length)
    expect(await documentOf(url, ['verify'])).toMatchObject({
      ok: true,
      chain: { from, head: anchor.split(':')[1] },
    })
    await worked(url, ['f,m,0'])
    expect(await documentOf(url, ['verify', '--anchor', anchor])).toMatchObject({ ok: true })
    expect(await documentOf(url, ['chain', '--start'])).toMatchObject({ from, bad: null })
    expect((await interlock(['verify', '--url', url])).stdout).toContain(
      `the hash chain holds from event ${from} on`,
    )
  })

  it.each([
    ['the time of an event', `created_at = created_at + interval '1 microsecond'`],
    ['a command hash', 'command_hash = command_hash + 1'],
    ['a worker', `worker_id = coalesce(worker_id, '') || 'x'`],
    ['its own hash', `hash = set_byte(hash, 31, get_byte(hash, 31) # 1)`],
    ['its hash away', 'hash = null'],
  ])('names the event of which somebody changed %s', async (_, change) => {
    const { url, from } = await chainedQueue()
    const seq = from + 3
    await tamper(url, `update job_queue_log set ${change} where seq = ${seq}`)
    expect(await documentOf(url, ['verify'], 3)).toMatchObject({ ok: false, firstBad: { seq } })
    expect(await documentOf(url, ['chain'], 3)).toMatchObject({ anchor: null, bad: { seq } })
  })

  it('names one byte of one event, and says nothing of those before the chain was started', async () => {
    const { url, from } = await chainedQueue()
    const byte = `update job_queue_log set command_id = overlay(command_id placing '~' from 1 for 1) where seq = `
    await tamper(url, `${byte}${from}`)
    expect(await documentOf(url, ['chain'])).toMatchObject({ bad: null })
    await tamper(url, `${byte}${from + 1}`)
    expect(await documentOf(url, ['chain'], 3)).toMatchObject({ bad: { seq: from + 1 } })
  })

  it('shows by an anchor that a tail was cut off or the log was rewritten, which no chain shows by itself', async () => {
    const { url, from } = await chainedQueue()
    const { anchor } = await documentOf(url, ['chain'])
    const last = Number(anchor.split(':')[0])
    await tamper(
      url,
      `delete from job_queue_log where seq > ${last - 2}`,
      `update interlock.job_queue_heads h set version = ${last - 2}, chain = l.hash from job_queue_log l where l.seq = ${last - 2}`,
      `update job_queue_state set version = ${last - 2}`,
    )
    expect(await documentOf(url, ['chain'])).toMatchObject({ bad: null })
    expect((await documentOf(url, ['verify', '--anchor', anchor], 3)).firstBad).toMatchObject({
      seq: last - 1,
    })
    const forged = `${from + 2}:${'0'.repeat(64)}`
    expect((await documentOf(url, ['verify', '--anchor', forged], 3)).firstBad).toMatchObject({
      seq: from + 2,
    })
  })

  it('is required by an anchor, even if the chain itself was deleted', async () => {
    const { url } = await chainedQueue()
    const { anchor } = await documentOf(url, ['chain'])
    const seq = Number(anchor.split(':')[0])
    await tamper(url, 'delete from job_queue_state', `delete from job_queue_log where seq = ${seq - 1}`)
    expect(await documentOf(url, ['verify', '--anchor', anchor], 3)).toMatchObject({
      ...{ ok: false, firstBad: { seq: seq - 1 } },
    })
    await tamper(url, 'delete from job_queue_log', 'delete from interlock.job_queue_heads')
    expect(await documentOf(url, ['verify', '--anchor', anchor], 3)).toMatchObject({
      ...{ ok: false, firstBad: { seq } },
    })
  })

  it('names the event that a head of another hash lacks, and an anchor from before its start', async () => {
    const { url, from } = await chainedQueue()
    const anchor = `${from - 1}:${'0'.repeat(64)}`
    expect((await documentOf(url, ['verify', '--anchor', anchor], 3)).firstBad).toMatchObject({
      seq: from - 1,
    })
    const last = (await logOf(url)).length
    await tamper(
      url,
      `delete from job_queue_log where seq = ${last}`,
      `update interlock.job_queue_heads set version = ${last - 1}`,
      `update job_queue_state set version = ${last - 1}`,
    )
    expect((await documentOf(url, ['verify'], 3)).firstBad).toMatchObject({ seq: last })
  })

  it('is absent unless asked for, and then costs no column', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0'])
    expect(await documentOf(url, ['chain'])).toEqual({
      queue: 'default',
      from: null,
      anchor: null,
      bad: null,
    })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, chain: null })
    await tamper(url, 'select from job_queue_log where hash is null')
    const anchor = `1:${'0'.repeat(64)}`
    const { code, stdout } = await interlock(['verify', '--anchor', anchor, '--url', url])
    expect({ code, says: stdout.includes('the queue keeps none') }).toEqual({ code: 3, says: true })
    const odd = await interlock(['verify', '--anchor', '1:abc', '--url', url])
    expect({ code: odd.code, says: odd.stderr.includes('--anchor 1:abc: must be') }).toEqual({
      code: 2,
      says: true,
    })
  })
})
