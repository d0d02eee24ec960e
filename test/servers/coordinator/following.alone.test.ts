/** When the user's tables are brought up to date: at once, and seldom while no job has a row in them. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../../../src/engine/coordinator/index.ts'
import { Projector } from '../../../src/engine/coordinator/maintenance/projector.ts'
import {
  type AppendAnswer,
  type AppendRequest,
  lookPolicyOf,
  type ProjectStep,
} from '../../../src/engine/store/index.ts'

const found = (written: number): ProjectStep => ({
  projectedSeq: 1,
  version: 1,
  written,
  setAside: 0,
  busy: false,
  targets: 1,
})

/** A projector whose steps find what the test says. */
function projecting(finds: { written: number }) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const project = vi.fn(async () => found(finds.written))
  const projector = new Projector({
    store: { project },
    looks: lookPolicyOf({}),
    queue: 'default',
    version: () => 1,
    logger: silentLogger,
    failures: {
      note: (error) => {
        throw error
      },
    },
  })
  onTestFinished(async () => {
    const closed = projector.close()
    await vi.runAllTimersAsync()
    await closed
  })
  return { projector, project }
}

/** An append every 5 ms. */
async function appends(projector: Projector, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 5) {
    projector.follow(at, at + 1)
    await vi.advanceTimersByTimeAsync(5)
  }
}

describe('the outer projection follows', () => {
  it('the first append at once', async () => {
    const { projector, project } = projecting({ written: 0 })
    projector.follow(0, 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(project).toHaveBeenCalledTimes(1)
  })

  it('a stream of appends four times a second while no job has a row', async () => {
    const { projector, project } = projecting({ written: 0 })
    await appends(projector, 1_000)
    expect(project.mock.calls.length).toBeLessThanOrEqual(5)
    expect(project.mock.calls.length).toBeGreaterThanOrEqual(4)
  })

  it('a stream of appends every 20 ms while jobs have rows', async () => {
    const { projector, project } = projecting({ written: 1 })
    await appends(projector, 1_000)
    expect(project.mock.calls.length).toBeGreaterThan(40)
  })

  it('a job that is made of a row at once, however long there was none', async () => {
    const finds = { written: 0 }
    const { projector, project } = projecting(finds)
    await appends(projector, 50)
    expect(project).toHaveBeenCalledTimes(1)
    finds.written = 1
    projector.follow(50, 51, true)
    await vi.advanceTimersByTimeAsync(0)
    expect(project).toHaveBeenCalledTimes(2)
    await appends(projector, 200)
    expect(project.mock.calls.length).toBeGreaterThan(8)
  })

  it('what another process updates for all now and then, in case that one is gone', async () => {
    const { projector, project } = projecting({ written: 0 })
    for (let second = 0; second < 10; second++) {
      projector.makeSure()
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(project).toHaveBeenCalledTimes(3)
  })

  it('what is left when it closes, without waiting', async () => {
    const { projector, project } = projecting({ written: 0 })
    projector.follow(0, 1)
    await vi.advanceTimersByTimeAsync(1)
    projector.follow(1, 2)
    const closed = projector.close()
    await vi.advanceTimersByTimeAsync(0)
    await closed
    expect(project).toHaveBeenCalledTimes(2)
  })
})

describe('where each call has its price, a step goes along with an append', () => {
  const request = { events: [] } as unknown as AppendRequest
  const stand = { ok: true, version: 1, now: 0 } as const
  const step = { ...found(1), tookMs: 2 }

  /** A projector that has made a step, and what its appends ask for besides. */
  async function alongside(first: ProjectStep) {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const answer = vi.fn(async (_: AppendRequest): Promise<AppendAnswer> => ({ ...stand, projected: step }))
    const store = {
      append: answer,
      stage: async () => {},
      endings: async () => new Map(),
      data: async () => [],
      project: async () => first,
    }
    const projector = new Projector({
      store,
      looks: lookPolicyOf({ frugal: true }),
      queue: 'default',
      version: () => 1,
      logger: silentLogger,
      failures: { note: () => {} },
    })
    projector.nudge()
    await vi.advanceTimersByTimeAsync(1_000)
    const asked = () => answer.mock.calls.map(([{ project }]) => project !== undefined)
    return { answer, append: () => projector.append(store, request), asked, projector }
  }

  it('while steps are quick', async () => {
    const { append, asked, answer } = await alongside(step)
    await append()
    answer.mockResolvedValueOnce({ ...stand, projected: { ...step, tookMs: 1_000 } })
    await append()
    await append()
    expect(asked()).toEqual([true, true, false])
  })

  it.each([
    ['no job has a row', { ...step, written: 0 }],
    ['rows are set aside', { ...step, setAside: 1 }],
    ['another process is at it', { ...step, busy: true }],
    ['there is no table', { ...step, targets: 0 }],
    ['nobody knows how long they take', found(1)],
  ])('but not while %s', async (_, first) => {
    const { append, asked } = await alongside(first)
    await append()
    expect(asked()).toEqual([false])
  })

  it('and none until another step has ended well, if one fails, or fails the append', async () => {
    for (const failed of [async () => stand, () => Promise.reject(new Error('it took too long'))]) {
      const { append, asked, answer, projector } = await alongside(step)
      answer.mockImplementationOnce(failed)
      await append().catch(() => {})
      await append()
      projector.nudge()
      await vi.advanceTimersByTimeAsync(1_000)
      await append()
      expect(asked()).toEqual([true, false, true])
    }
  })
})
