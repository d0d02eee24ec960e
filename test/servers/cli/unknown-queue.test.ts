import { beforeAll, describe, expect, it } from 'vitest'
import { documentOf, emptyQueue, rowsOf, tamper, worked } from './history.ts'
import { embeddedQueue, interlock } from './support.ts'

const looking = [
  ['status'],
  ['queue'],
  ['explain', 'a'],
  ['quote', '--models', 'm'],
  ['policy'],
  ['log'],
  ['log', '--follow'],
  ['replay'],
  ['replay', '--follow'],
  ['verify'],
  ['audit'],
  ['audit', '--markdown'],
  ['stats'],
  ['what-if'],
  ['inspect'],
  ['dead'],
  ['chain'],
  ['recover'],
  ['doctor'],
  // These change what is there, and there is nothing.
  ['dead', 'a', '--drop'],
  ['rebuild'],
  ['snapshot'],
  ['archive', '--before', '1'],
  ['recover', '--begin'],
] as const

const queuesOf = (url: string) => rowsOf(url, 'select queue from interlock.job_queue_heads order by 1')

describe('a queue that is not there (job_queue_queues)', () => {
  let url = ''
  beforeAll(async () => {
    url = await emptyQueue()
    await worked(url, ['a,m,0'])
  })

  it.each(looking.map((words) => [words.join(' '), words] as const))(
    '%s: is refused, and not made',
    async (_, words) => {
      const spoken = await interlock([...words, '--queue', 'typo', '--url', url])
      expect(spoken).toMatchObject({ code: 1, stdout: '' })
      expect(spoken.stderr).toBe(
        'error (unknown_queue): there is no queue typo\n  to do: name the one you mean by --queue: default\n',
      )
      expect(await queuesOf(url)).toEqual([{ queue: 'default' }])
    },
  )

  it('is there from the migration on, if it is the default one; rows of `jobs` are shown for any', async () => {
    const fresh = await emptyQueue()
    expect(await documentOf(fresh, ['status'])).toMatchObject({ status: 'idle', version: 0 })
    expect((await interlock(['doctor', '--url', fresh])).stdout).not.toContain('queue')
    expect(await documentOf(fresh, ['adopt', '--queue', 'typo'])).toMatchObject({ adopted: null })
    expect(await queuesOf(fresh)).toEqual([{ queue: 'default' }])
  })

  it('is a finding of verify where only its head is gone', async () => {
    const headless = await emptyQueue()
    await documentOf(headless, ['enqueue', '--job', 'a'])
    await tamper(headless, 'delete from interlock.job_queue_heads')
    expect(await documentOf(headless, ['verify'], 3)).toMatchObject({ ok: false })
    expect(await queuesOf(headless)).toEqual([])
  })

  it('is created by every command that changes something', async () => {
    await documentOf(url, ['policy', 'set', '--max-active', '2', '--queue', 'q-policy'])
    await documentOf(url, ['enqueue', '--job', 'a', '--queue', 'q-enqueue'])
    await documentOf(url, ['chain', '--start', '--queue', 'q-chain'])
    expect((await queuesOf(url)).map(({ queue }) => queue)).toEqual([
      'default',
      'q-chain',
      'q-enqueue',
      'q-policy',
    ])
    expect((await documentOf(url, ['log', '--queue', 'typo'], 1)).error.message).toContain(
      'default, q-chain, q-enqueue',
    )
  })

  it('is refused in the embedded database too (unknown_queue)', async () => {
    const embedded = await embeddedQueue()
    await documentOf(embedded, ['enqueue', '--job', 'a'])
    expect(await documentOf(embedded, ['verify', '--queue', 'typo'], 1)).toMatchObject({
      error: { code: 'unknown_queue' },
    })
  })
})

describe('a log without an event', () => {
  it('is said to be one, and not a blank line', async () => {
    const url = await emptyQueue()
    expect((await interlock(['log', '--url', url])).stdout).toBe('no event in the log of queue default\n')
    expect((await interlock(['log', '--since', '1h', '--url', url])).stdout).toBe(
      'no event since 1h in the log of queue default\n',
    )
    expect(await documentOf(url, ['log'])).toEqual([])
  })
})

describe('an audit of a log without an event', () => {
  it('says that there was nothing to audit', async () => {
    const url = await emptyQueue()
    await documentOf(url, ['chain', '--start'])
    const { code, stdout } = await interlock(['audit', '--url', url])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'nothing to audit: the log of queue default has no event yet\n',
    })
    const page = await interlock(['audit', '--markdown', '--url', url])
    expect(page.stdout).toContain('There was nothing to audit')
    expect(page.stdout).not.toContain('No promise was broken')
    expect(await documentOf(url, ['audit'])).toMatchObject({ events: 0, violations: [] })
  })
})
