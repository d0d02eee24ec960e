// Slow: a whole queue through dozens of commands, each a process.
import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, logOf, tamper, worked } from '../../servers/cli/history.ts'
import { interlock } from '../../servers/cli/support.ts'

/** A queue of which events were kept, and then dropped with more; jobs lived over the cut. */
async function cutQueue() {
  const url = await emptyQueue()
  await worked(url, ['a,m,0', 'b,n,0'])
  for (const id of ['x', 'y']) await documentOf(url, ['enqueue', '--job', id, '--models', 'm'])
  const cut = (await logOf(url)).length
  await documentOf(url, ['archive', '--before', '4'])
  const dropped = await documentOf(url, ['archive', '--before', String(cut), '--drop'])
  for (const id of ['x', 'y']) await documentOf(url, ['cancel', id])
  return { url, cut, dropped, length: (await documentOf(url, ['status'])).version as number }
}

const said = async (url: string, ...words: readonly string[]) => {
  const { code, stdout, stderr } = await interlock([...words, '--url', url])
  expect({ words, code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

describe('after a cut', () => {
  it('archive says how many events that were kept before are gone too', async () => {
    const { cut, dropped } = await cutQueue()
    expect(dropped).toMatchObject({ archivedSeq: cut, archived: cut - 4, unkept: 4 })
    const url = await emptyQueue()
    await worked(url, ['a,m,0', 'b,n,0'])
    await documentOf(url, ['archive', '--before', '4'])
    expect(await said(url, 'archive', '--before', '5', '--drop')).toContain(
      '1 event taken out of the log, up to 5: dropped, and with them 4 that were kept',
    )
  })

  it('verify and rebuild count what they read, and say from where on', async () => {
    const { url, cut, length } = await cutQueue()
    const read = { version: length, fromSeq: cut + 1, events: length - cut }
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, ...read })
    expect(await documentOf(url, ['rebuild'])).toMatchObject(read)
    const from = `${length - cut} events replayed from event ${cut + 1} on (for earlier events, the snapshot`
    expect(await said(url, 'verify')).toContain(from)
    expect(await said(url, 'rebuild')).toContain(`${length - cut} events from event ${cut + 1} on`)
    await tamper(url, `delete from job_queue_log where seq = ${cut + 1}`)
    expect(await documentOf(url, ['verify'], 3)).toMatchObject({ fromSeq: cut + 1, events: 0 })
  })

  it('the audit tells jobs from before the cut apart from later ones, and says what it did not read', async () => {
    const { url, cut, length } = await cutQueue()
    expect(await documentOf(url, ['audit'])).toMatchObject({
      ...{ fromSeq: cut + 1, events: length - cut, jobs: 0, brought: 2, cancelled: 2, live: 0 },
    })
    expect(await said(url, 'audit')).toContain(`in ${length - cut} events, ${cut + 1} to ${length} (`)
    expect(await said(url, 'audit')).toContain('2 jobs')
    const page = await said(url, 'audit', '--markdown')
    expect(page).toContain(`**No promise was broken in events ${cut + 1} to ${length}.**`)
    expect(page).toContain(`**Events 1 to ${cut} were not read**: they are archived`)
    expect(page).toContain(`2, of which 2 were queued before event ${cut + 1}: 0 completed`)
    expect(page).not.toContain('than its capacity, in any')
  })

  it('the audit of a log of which all is gone says that there is nothing after the cut', async () => {
    const { url, length } = await cutQueue()
    await documentOf(url, ['archive', '--before', String(length), '--drop'])
    expect(await said(url, 'audit')).toContain(`has no event after ${length}`)
  })
})
