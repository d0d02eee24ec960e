// Slow: a whole queue through dozens of commands, each a process.
import { describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, logOf, tamper, worked } from '../../servers/cli/history.ts'
import { interlock } from '../../servers/cli/support.ts'

/** A queue of which everything but the snapshot of the cut is gone. */
async function cutQueue(): Promise<{ readonly url: string; readonly cut: number }> {
  const url = await emptyQueue()
  await worked(url, ['a,m,0', 'b,m;n,0'])
  await documentOf(url, ['enqueue', '--job', 'waits', '--models', 'm'])
  const cut = (await logOf(url)).length
  await documentOf(url, ['archive', '--before', String(cut), '--drop'])
  await documentOf(url, ['enqueue', '--job', 'afterwards', '--models', 'm'])
  return { url, cut }
}

const commands = [
  ['queue'],
  ['replay'],
  ['verify'],
  ['rebuild'],
  ['snapshot'],
  ['recover'],
  ['enqueue', '--job', 'more', '--models', 'm'],
]

describe('interlock snapshot: a log that begins at the snapshot of its cut', () => {
  it('is opened by every command', async () => {
    const { url } = await cutQueue()
    await documentOf(url, ['rebuild'])
    for (const words of commands) await documentOf(url, words)
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true, differences: [] })
    expect(await documentOf(url, ['cancel', 'waits'])).toMatchObject({ state: 'cancelled' })
  })

  it('asks for an upgrade where a newer release has made the snapshot', async () => {
    const { url, cut } = await cutQueue()
    await tamper(url, `update interlock.job_queue_snapshots set state = jsonb_set(state, '{shape}', '99')`)
    for (const words of commands) {
      const { code, stderr } = await interlock([...words, '--url', url])
      expect({ words, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`(database_newer): the snapshot at event ${cut} has the shape 99`),
      })
      expect(stderr).toContain('to do: upgrade interlock-queue')
    }
    expect((await documentOf(url, ['doctor'], 3)).findings).toMatchObject([
      { check: 'migration', remedy: expect.stringContaining('npm install') },
    ])
  })

  it.each([
    ["update interlock.job_queue_snapshots set state = state - 'maker'", 'is damaged at state.maker'],
    [
      'update interlock.job_queue_snapshot_chunks set body = replace(body, \'["jobs"\', \'["jab"\')',
      'is damaged at line',
    ],
    ['delete from interlock.job_queue_snapshot_chunks', 'is missing'],
  ])('names one that is damaged, and what brings it back: %s', async (damage, what) => {
    const { url, cut } = await cutQueue()
    await tamper(url, damage)
    const { code, stderr } = await interlock(['queue', '--url', url])
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(what),
    })
    expect(stderr).toContain(`the snapshot at event ${cut}`)
    expect(stderr).toContain('restore its row in interlock.job_queue_snapshots')
  })

  it('can be recovered in a new epoch after a backup of it was restored', async () => {
    const { url } = await cutQueue()
    expect(await documentOf(url, ['recover', '--begin'])).toMatchObject({ epoch: 2, status: 'draining' })
    expect(await documentOf(url, ['resume'])).toMatchObject({ waitingCount: 2 })
    expect(await documentOf(url, ['verify'])).toMatchObject({ ok: true })
  })
})

it('a snapshot that cannot be read is passed over where the log can be folded without it', async () => {
  const url = await emptyQueue()
  await documentOf(url, ['enqueue', '--job', 'a', '--models', 'm'])
  await documentOf(url, ['snapshot'])
  await documentOf(url, ['enqueue', '--job', 'b', '--models', 'm'])
  await documentOf(url, ['snapshot'])
  for (const damage of ['{"shape": 99}', '{"chunks": null}']) {
    await tamper(
      url,
      `update interlock.job_queue_snapshots set state = state || '${damage}' where seq = (select max(seq) from interlock.job_queue_snapshots)`,
    )
    const { code, stdout, stderr } = await interlock(['queue', '--json', '--url', url])
    expect({ code, jobs: JSON.parse(stdout).jobs.length }).toEqual({ code: 0, jobs: 2 })
    expect(stderr).toContain('skipped: the snapshot at event')
  }
  expect(await documentOf(url, ['enqueue', '--job', 'c', '--models', 'm'])).toMatchObject({ queued: 1 })
})
