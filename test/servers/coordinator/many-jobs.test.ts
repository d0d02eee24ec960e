/** Many jobs changed by one command: after a preview, in parts, and never twice under one command id. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { verify } from '../../../src/tools/history/index.ts'
import { type ChangePreview, changeJobs, jobs, previewChange } from '../../../src/tools/operate/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { join, memoryStore } from './support.ts'

const stores = {
  'in memory': async () => memoryStore(),
  'on PostgreSQL': async () => {
    const store = postgresStore(await createDatabase('operate', 'migrated'))
    // After the coordinators of the test, which are closed when it has ended.
    onTestFinished(() => store.close())
    return store
  },
}
const many = Array.from({ length: 250 }, (_, n) => `j${String(n).padStart(3, '0')}`)
const commandId = 'bulk-1'

describe.each(Object.entries(stores))('many jobs, %s', (_, open) => {
  /** 250 jobs with a tag, of which `dead` ones have failed; one more has none. */
  async function queueOfMany(options: { readonly dead?: boolean } = {}) {
    const store = await open()
    const coordinator = await join({ store, logger: silentLogger })
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([
      { jobId: 'other', models: ['m'] },
      ...many.map((jobId, n) => ({ jobId, models: [jobId], tag: 'import', payload: { n } })),
    ])
    if (options.dead === true)
      for (const { lease } of await coordinator.claim({ max: 1_000 }))
        await coordinator.fail(lease, { retryAt: null })
    const version = async () => (await store.read('default', 0, 1)).version
    const sound = async () => {
      expect(await verify({ store })).toMatchObject({ ok: true })
      expect(audit((await store.read('default', 0, 10_000)).events).violations).toEqual([])
    }
    return { store, coordinator, version, sound, access: { store } }
  }
  const tagged = { tag: 'import' }

  it('changeJobs cancels them in parts; given again, the command does nothing and answers the same', async () => {
    const { access, store, version, sound } = await queueOfMany()
    const append = vi.spyOn(store, 'append')
    const preview = await previewChange(access, { do: 'cancel' }, tagged)
    expect(append).not.toHaveBeenCalled()
    const said = await changeJobs(access, preview, { commandId })
    expect(said).toEqual({ commandId, matched: 250, done: many, changed: [], failed: [] })
    for (const [{ events }] of append.mock.calls) expect(events.length).toBeLessThanOrEqual(300)
    const [appends, last] = [append.mock.calls.length, await version()]
    expect(appends).toBeGreaterThanOrEqual(3)
    expect(await changeJobs(access, JSON.parse(JSON.stringify(preview)), { commandId })).toEqual(said)
    expect([append.mock.calls.length, await version()]).toEqual([appends, last])
    const { events } = await store.read('default', 0, 10_000)
    const cancelled = events.filter(({ type }) => type === 'cancelled')
    expect(new Set(cancelled.map((event) => event.commandId)).size).toBe(250)
    expect(cancelled.every((event) => event.commandId.startsWith(`${commandId}.`))).toBe(true)
    await sound()
  })

  it('are changed by the rest of a command that broke off, and none twice', async () => {
    const { access, store, version } = await queueOfMany()
    const preview = await previewChange(access, { do: 'cancel' }, tagged)
    const stop = new AbortController()
    const onProgress = ({ what, done }: { what: string; done: number }) => {
      if (what === 'cancel' && done === 100) stop.abort(new Error('gone'))
    }
    await expect(
      changeJobs({ store, onProgress, signal: stop.signal }, preview, { commandId }),
    ).rejects.toThrow('gone')
    // One of those that were cancelled comes again meanwhile: the command is not about this life of it.
    const coordinator = await join({ store, logger: silentLogger })
    await coordinator.enqueue([{ jobId: 'j000', models: ['j000'], tag: 'import' }])
    const said = await changeJobs(access, preview, { commandId })
    expect(said).toMatchObject({ done: many, changed: [], failed: [] })
    expect((await coordinator.explain('j000'))?.state).toBe('waiting')
    const last = await version()
    await changeJobs(access, preview, { commandId })
    expect(await version()).toBe(last)
  })

  it('that have changed since the preview are left out and named', async () => {
    const { access, coordinator } = await queueOfMany()
    const preview = await previewChange(access, { do: 'cancel' }, { tag: 'import', states: ['waiting'] })
    await coordinator.reprioritize('j003', { priority: 4 })
    await coordinator.cancel('j001')
    await coordinator.enqueue([{ jobId: 'late', models: ['late'], tag: 'import' }])
    const [started] = await coordinator.claim({ max: 1, kinds: ['normal'] })
    const gone = [started?.spec.jobId ?? '', 'j001', 'j003'].filter((jobId) => many.includes(jobId)).sort()
    const { done, changed } = await changeJobs(access, preview)
    expect(changed).toEqual([...new Set(gone)])
    expect(done).toEqual(many.filter((jobId) => !gone.includes(jobId)))
    expect((await coordinator.explain('late'))?.state).toBe('waiting')
  })

  it('that another one starts between the look and the append are left out, too', async () => {
    const { access, store, coordinator } = await queueOfMany()
    const preview = await previewChange(access, { do: 'cancel' }, { tag: 'import', states: ['waiting'] })
    const append = vi.spyOn(store, 'append')
    let raced: readonly string[] = []
    append.mockImplementationOnce(async (request) => {
      const started = await coordinator.claim({ max: 3 })
      raced = started.map(({ spec }) => spec.jobId)
      return store.append(request)
    })
    const { done, changed } = await changeJobs(access, preview)
    expect(raced.length).toBe(3)
    expect(changed).toEqual(many.filter((jobId) => raced.includes(jobId)))
    expect(done.length).toBe(250 - changed.length)
    expect(
      coordinator
        .state()
        .active()
        .every(({ cancelRequested }) => !cancelRequested),
    ).toBe(true)
  })

  it('go in line again, with their payloads', async () => {
    const { access, coordinator, sound } = await queueOfMany({ dead: true })
    const preview = await previewChange(access, { do: 'retry' }, { ...tagged, payload: { n: 7 } })
    expect(preview.jobs).toMatchObject([{ jobId: 'j007', state: 'dead' }])
    expect(await changeJobs(access, preview, { commandId })).toMatchObject({ done: ['j007'] })
    const [again] = await coordinator.claim({ max: 1 })
    expect(again?.spec.jobId).toBe('j007')
    expect(again && (await coordinator.dataOf(again.lease))?.payload).toEqual({ n: 7 })
    if (again !== undefined) await coordinator.fail(again.lease, { retryAt: null })
    // It is dead once more: the command was about its life before.
    expect(await changeJobs(access, preview, { commandId })).toMatchObject({ done: ['j007'] })
    expect(coordinator.state().waitingCount).toBe(0)
    await sound()
  })

  it('go in line again in parts, each of which reads its dead letters once', async () => {
    const { access, store, coordinator, sound } = await queueOfMany({ dead: true })
    const preview = await previewChange(access, { do: 'retry' }, tagged)
    await coordinator.retryDead({ jobIds: ['j003'] })
    const [back] = await coordinator.claim({ max: 1 })
    if (back !== undefined) await coordinator.fail(back.lease, { retryAt: null })
    const dead = vi.spyOn(store, 'dead')
    const { done, changed } = await changeJobs(access, preview)
    // It is dead again, by another end than the preview has seen.
    expect([done.length, changed]).toEqual([249, ['j003']])
    expect(dead.mock.calls.length).toBe(3)
    await sound()
  })

  it('are deleted: what waits is cancelled first, and nothing is kept beside the log', async () => {
    const { access, store, coordinator, sound } = await queueOfMany()
    const [running] = await coordinator.claim({ max: 1, kinds: null })
    if (running !== undefined) await coordinator.complete(running.lease, { result: { url: 'x' } })
    const waiting = await previewChange(access, { do: 'delete' }, { ...tagged, states: ['waiting'] })
    expect(await changeJobs(access, waiting)).toMatchObject({ changed: [], failed: [] })
    const past = await previewChange(access, { do: 'delete' })
    expect(await changeJobs(access, past)).toMatchObject({ changed: [], failed: [] })
    expect((await store.data('default', many)).filter((data) => data.payload !== null)).toEqual([])
    expect((await jobs(access, { states: ['waiting', 'dead'] })).jobs.every(({ tag }) => tag === null)).toBe(
      true,
    )
    expect((await coordinator.explain('j005'))?.code).toBe('cancelled')
    await sound()
  })

  it('previewChange refuses other states, and changeJobs what is no preview of this queue', async () => {
    const { access, store } = await queueOfMany()
    await expect(previewChange(access, { do: 'retry' }, { states: ['waiting'] })).rejects.toMatchObject({
      code: 'invalid_input',
    })
    const preview = await previewChange(access, { do: 'move', priority: 3 }, tagged)
    await expect(changeJobs({ store, queue: 'other' }, preview)).rejects.toMatchObject({
      code: 'invalid_input',
    })
    const broken = { ...preview, jobs: [{ jobId: 'a' }] } as unknown as ChangePreview
    await expect(changeJobs(access, broken)).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(changeJobs(access, preview, { commandId: 'a b' })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })
})
