/** The three scenarios of the first specification, played by workers: nobody starts a queued job, it starts by itself. */
import { describe, expect, it } from 'vitest'
import { work } from './support.ts'

/** Two workers on one queue, whose handlers run until they are let go. */
async function workers() {
  const running = new Map<string, () => void>()
  const run = ({ jobId }: { jobId: string }) =>
    new Promise<void>((resolve) => {
      running.set(jobId, resolve)
    })
  const { coordinator } = await work({ handlers: { '*': run } })
  await work({ coordinator, handlers: { '*': run } })
  return {
    coordinator,
    runs: (jobId: string) => expect.poll(() => [...running.keys()]).toContain(jobId),
    isRunning: (jobId: string) => running.has(jobId),
    end: (jobId: string) => running.get(jobId)?.(),
  }
}

describe('the scenarios of the first specification', () => {
  it('1: a job on the model of another one waits, and is processed when that one has completed', async () => {
    const { coordinator, runs, isRunning, end } = await workers()
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue([{ jobId: 'A', models: ['motion-2.0-fast'] }])
    await runs('A')
    const { waiting } = await coordinator.enqueue([{ jobId: 'B', models: ['motion-2.0-fast'] }])
    expect(waiting).toMatchObject([{ jobId: 'B', code: 'model_in_use', blockedBy: 'A' }])
    expect(isRunning('B')).toBe(false)
    end('A')
    await runs('B')
    expect(coordinator.state().active()).toMatchObject([{ jobId: 'B' }])
  })

  it('2: a normal job waits for a workflow that has its model', async () => {
    const { coordinator, runs, end } = await workers()
    await coordinator.setPolicy('by-model')
    const models = coordinator.getWorkflowModels({
      steps: [{ default_model: 'nano-banana-pro' }, { default_model: 'motion-2.0-fast' }],
    })
    await coordinator.enqueue([{ jobId: 'W1', jobType: 'workflow', models }])
    await runs('W1')
    const { waiting } = await coordinator.enqueue([{ jobId: 'N1', models: ['motion-2.0-fast'] }])
    expect(waiting).toMatchObject([
      { jobId: 'N1', blockedBy: 'W1', reason: expect.stringContaining('motion-2.0-fast') },
    ])
    end('W1')
    await runs('N1')
  })

  it('3: serialised by default: another job waits whatever its models, in the order of arrival', async () => {
    const { coordinator, runs, isRunning, end } = await workers()
    await coordinator.enqueue([{ jobId: 'A', models: ['flux-dev'] }])
    await runs('A')
    const { waiting } = await coordinator.enqueue([
      { jobId: 'B', models: ['minimax/video-01'] },
      { jobId: 'C', models: ['kling'] },
    ])
    expect(waiting).toMatchObject([
      { jobId: 'B', code: 'serialized', blockedBy: 'A' },
      { jobId: 'C', code: 'serialized', blockedBy: 'B' },
    ])
    end('A')
    await runs('B')
    expect(isRunning('C')).toBe(false)
    end('B')
    await runs('C')
  })
})
