import { describe, expect, it } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import {
  AwaitApproval,
  createWorkflowManager,
  type RunStep,
  WORKFLOW_QUEUED,
} from '../../../src/engine/workflow/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { join, keepingLogger, memoryStore } from '../coordinator/support.ts'
import { work } from '../worker/support.ts'

const steps = [
  { name: 'draw', default_model: 'flux' },
  { name: 'move', default_model: 'motion' },
  { name: 'tell', default_model: 'voice' },
]
const draw: RunStep = (step, { input }) => `${step.name} ${input}`

async function eventsOf(store: LogStore) {
  return (await store.read('default', 0, 10_000)).events
}
const typesOf = async (store: LogStore) => (await eventsOf(store)).map(({ type }) => type)

/** A step that stays until it is let go. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  const run: RunStep = async (step) => {
    began.resolve()
    await promise
    return step.name
  }
  return { run, began: began.promise, letGo: resolve }
}

describe('a workflow (createWorkflowManager)', () => {
  it('runs its steps in order, with all its models, and is one job', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    let models: readonly string[] = []
    const manager = createWorkflowManager({
      coordinator,
      runStep: (step, context) => {
        models = coordinator.state().active()[0]?.models ?? []
        return [step.name, context.input, context.results.length]
      },
    })
    const result = await manager.executeWorkflow('w', { steps }, { input: { cat: 1 } })
    expect(result).toEqual({
      executionId: 'w',
      status: 'completed',
      step: 3,
      results: [
        ['draw', { cat: 1 }, 0],
        ['move', { cat: 1 }, 1],
        ['tell', { cat: 1 }, 2],
      ],
    })
    expect(models).toEqual(['flux', 'motion', 'voice'])
    expect(await typesOf(store)).toEqual(['queued', 'started', 'completed'])
    expect(await manager.resumeWorkflow('w')).toEqual(result)
  })

  it.each(['all', 'step'] as const)(
    'tells each step in which places its models are (hold: %s)',
    async (hold) => {
      const coordinator = await join()
      await coordinator.setPolicy({ capacity: { flux: ['host1:0'], motion: ['host1:1'] } })
      const told: unknown[] = []
      const manager = createWorkflowManager({
        coordinator,
        retry: { baseMs: 1 },
        runStep: (_, { lease }) => told.push(lease?.places),
      })
      await work({ coordinator, handlers: { workflow: manager.handler } })
      await manager.executeWorkflow('w', { steps }, { hold, wait: true })
      const all = { flux: 'host1:0', motion: 'host1:1' }
      expect(told).toEqual(
        hold === 'all' ? [all, all, all] : [{ flux: 'host1:0' }, { motion: 'host1:1' }, undefined],
      )
    },
  )

  it('names the steps without a model in a warning, and runs beside the queue when none has one', async () => {
    const store = memoryStore()
    const logger = keepingLogger()
    const coordinator = await join({ store, logger })
    const manager = createWorkflowManager({ coordinator, runStep: draw })
    await manager.executeWorkflow('partly', { steps: [{ name: 'think' }, steps[0] ?? {}] })
    expect(logger.lines.join('\n')).toContain('No default_model in: think')
    const { results } = await manager.executeWorkflow('none', { steps: [{ name: 'think' }] }, { input: 'x' })
    expect(results).toEqual(['think x'])
    expect((await typesOf(store)).slice(-1)).toEqual(['bypassed'])
  })

  it('that has to wait is refused with the reason (workflow_queued), and goes on in any worker of its kind', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    const { run, began, letGo } = held()
    const manager = createWorkflowManager({ coordinator, runStep: run })
    const first = manager.executeWorkflow('first', { steps })
    await began
    const refusal = await manager.executeWorkflow('second', { steps }).catch((error: unknown) => error)
    expect(isInterlockError(refusal, WORKFLOW_QUEUED)).toBe(true)
    expect(refusal).toMatchObject({
      message: expect.stringContaining('WORKFLOW_QUEUED'),
      details: { executionId: 'second', reason: 'model_in_use', blockedBy: ['first'] },
    })
    letGo()
    await first
    const other = await join({ store })
    const { handler } = createWorkflowManager({ coordinator: other, runStep: draw })
    const { worker } = await work({ coordinator: other, handlers: { workflow: handler } })
    await expect.poll(() => worker.metrics().completed).toBe(1)
    expect(await manager.resumeWorkflow('second')).toMatchObject({ status: 'completed', step: 3 })
  })

  it('waits in line if told to', async () => {
    const coordinator = await join()
    const { run, began, letGo } = held()
    const manager = createWorkflowManager({ coordinator, runStep: run })
    const first = manager.executeWorkflow('first', { steps })
    await began
    const second = manager.executeWorkflow('second', { steps }, { wait: true })
    letGo()
    expect(await second).toMatchObject({ results: ['draw', 'move', 'tell'] })
    await first
  })

  it('is followed where it runs elsewhere', async () => {
    const store = memoryStore()
    const { run, began, letGo } = held()
    const there = createWorkflowManager({ coordinator: await join({ store }), runStep: run })
    const here = createWorkflowManager({ coordinator: await join({ store }), runStep: draw })
    const running = there.executeWorkflow('w', { steps })
    await began
    await expect(here.executeWorkflow('w', { steps })).rejects.toMatchObject({ code: WORKFLOW_QUEUED })
    const followed = here.executeWorkflow('w', { steps }, { wait: true })
    letGo()
    expect(await followed).toEqual(await running)
  })

  it.each(['all', 'step'] as const)('that two processes wait for runs once (hold: %s)', async (hold) => {
    const store = memoryStore()
    const [here, there] = [await join({ store, pollMs: 50 }), await join({ store, pollMs: 50 })]
    const ran: string[] = []
    const runStep: RunStep = (step) => {
      ran.push(step.name ?? '')
      return step.name
    }
    await here.onJobStart('before', 'normal', ['flux'])
    const [first, second] = [here, there].map((coordinator) => {
      const manager = createWorkflowManager({ coordinator, runStep, hold })
      return manager.executeWorkflow('w', { steps }, { wait: true })
    })
    await expect.poll(() => typesOf(store)).toContain('asked')
    await here.onJobComplete('before', 'normal')
    expect(await first).toMatchObject({ results: ['draw', 'move', 'tell'] })
    expect(await second).toEqual(await first)
    expect(ran).toEqual(['draw', 'move', 'tell'])
  })

  it('runs once in a process, however many calls ask for it', async () => {
    const coordinator = await join()
    const { run, began, letGo } = held()
    let calls = 0
    const runStep: RunStep = (step, context) => {
      calls++
      return run(step, context)
    }
    const manager = createWorkflowManager({ coordinator, runStep })
    const both = [1, 2].map(() => manager.executeWorkflow('w', { steps }, { wait: true }))
    await began
    letGo()
    const [one, two] = await Promise.all(both)
    expect(one).toEqual(two)
    expect(calls).toBe(3)
  })
})

describe('a step that fails', () => {
  it('is tried again by itself: what was done is not done again', async () => {
    const coordinator = await join()
    const calls: string[] = []
    const runStep: RunStep = (step) => {
      calls.push(step.name ?? '')
      if (calls.length === 2) throw new Error('away')
      return step.name
    }
    const manager = createWorkflowManager({ coordinator, runStep, retry: () => 0 })
    const { results } = await manager.executeWorkflow('w', { steps }, { wait: true })
    expect(calls).toEqual(['draw', 'move', 'move', 'tell'])
    expect(results).toEqual(['draw', 'move', 'tell'])
  })

  it('for the last time ends the workflow; resumed, it goes on there', async () => {
    const coordinator = await join()
    const calls: string[] = []
    let broken = true
    const runStep: RunStep = (step) => {
      calls.push(step.name ?? '')
      if (step.name === 'move' && broken) throw new Error('no motion today')
      return step.name
    }
    const manager = createWorkflowManager({ coordinator, runStep, attempts: 1 })
    await expect(manager.executeWorkflow('w', { steps })).rejects.toThrow('no motion today')
    broken = false
    expect(await manager.resumeWorkflow('w')).toMatchObject({ results: ['draw', 'move', 'tell'] })
    expect(calls).toEqual(['draw', 'move', 'move', 'tell'])
  })
})

describe('approval (AwaitApproval)', () => {
  it.each(['all', 'step'] as const)('between steps frees everything (hold: %s)', async (hold) => {
    const coordinator = await join()
    const given: unknown[] = []
    const runStep: RunStep = (step, { approval }) => {
      if (step.name === 'move' && approval === null) throw new AwaitApproval()
      given.push(approval)
      return step.name
    }
    const manager = createWorkflowManager({ coordinator, runStep, hold })
    const waiting = await manager.executeWorkflow('w', { steps }, { wait: true })
    expect(waiting).toEqual({ executionId: 'w', status: 'awaiting_approval', step: 1, results: ['draw'] })
    expect(coordinator.state()).toMatchObject({ activeCount: 0, waitingCount: 0 })
    expect(await manager.resumeWorkflow('w')).toEqual(waiting)
    const end = await manager.resumeWorkflow('w', { approval: { by: 'ada' }, wait: true })
    expect(end).toMatchObject({ status: 'completed', results: ['draw', 'move', 'tell'] })
    expect(given).toEqual([null, { by: 'ada' }, null])
  })
})

describe('hold: step', () => {
  it('has the models of the step that runs, and nothing in between', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    const had: (readonly string[])[] = []
    const runStep: RunStep = () => void had.push(coordinator.state().active()[0]?.models ?? [])
    const manager = createWorkflowManager({ coordinator, runStep, hold: 'step' })
    const config = { steps: [{ name: 'think' }, ...steps, { name: 'again', default_model: 'voice' }] }
    const { results } = await manager.executeWorkflow('w', config, { wait: true })
    expect(had).toEqual([[], ['flux'], ['motion'], ['voice'], ['voice']])
    expect(results).toEqual([null, null, null, null, null])
    const events = await eventsOf(store)
    expect(events.flatMap((event) => (event.type === 'requeued' ? [event.models] : []))).toHaveLength(4)
    expect(audit(events).violations).toEqual([])
  })

  it('lets two that need each other’s models pass, and a third between them', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    await coordinator.setPolicy('by-model')
    const manager = createWorkflowManager({ coordinator, runStep: draw, hold: 'step' })
    createJobWorker({ coordinator, concurrency: 3, handlers: { workflow: manager.handler } }).start()
    const order = { steps, input: 1 }
    const back = { steps: [...steps].reverse() }
    const all = ['a', 'b', 'c', 'd'].map((id, n) =>
      manager.executeWorkflow(id, n % 2 === 0 ? { steps: order.steps } : back, { wait: true }),
    )
    for (const { status } of await Promise.all(all)) expect(status).toBe('completed')
    expect(audit(await eventsOf(store)).violations).toEqual([])
  })
})

describe('a job that a step asks for', () => {
  it('runs under the lease of its workflow, for models that this one has', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    const runStep: RunStep = async (step, { lease }) => {
      const parent = lease ?? undefined
      if (parent === undefined) throw new Error('no lease')
      const answer = await coordinator.onJobStart(`of ${step.name}`, 'normal', [`${step.default_model}`], {
        parent,
        wait: true,
      })
      expect(answer).toMatchObject({ allowed: true, lease: { ...parent } })
      await coordinator.onJobComplete(`of ${step.name}`, 'normal')
      await expect(coordinator.onJobStart('more', 'normal', ['other'], { parent })).rejects.toMatchObject({
        code: 'invalid_input',
      })
      return parent.fencingToken
    }
    const manager = createWorkflowManager({ coordinator, runStep })
    await manager.executeWorkflow('w', { steps })
    expect(await typesOf(store)).toEqual(['queued', 'started', 'completed'])
    await expect(
      coordinator.onJobStart('late', 'normal', ['flux'], {
        parent: { jobId: 'w', fencingToken: 2, epoch: 1 },
      }),
    ).rejects.toMatchObject({ code: 'job_not_active' })
  })

  it('is refused in another process, which would not hear that the lease is lost', async () => {
    const store = memoryStore()
    const [coordinator, other] = [await join({ store }), await join({ store })]
    const runStep: RunStep = async (_, { lease: parent }) => {
      await expect(other.onJobStart('inner', 'normal', ['flux'], { parent })).rejects.toMatchObject({
        code: 'job_not_active',
        message: expect.stringContaining('ask in the process that runs it'),
      })
    }
    const manager = createWorkflowManager({ coordinator, runStep })
    await manager.executeWorkflow('w', { steps: [{ name: 'draw', default_model: 'flux' }] })
  })

  it('stands in line as any other where the workflow bypasses, and has no lease', async () => {
    const store = memoryStore()
    const coordinator = await join({ store })
    const runStep: RunStep = async (_, { lease: parent }) => {
      const answer = await coordinator.onJobStart('inner', 'normal', ['flux'], { parent })
      expect(answer).toMatchObject({ allowed: true, lease: { jobId: 'inner' } })
      await coordinator.onJobComplete('inner', 'normal')
    }
    const manager = createWorkflowManager({ coordinator, runStep })
    await manager.executeWorkflow('w', { steps: [{ name: 'free' }] })
    expect(await typesOf(store)).toEqual(['bypassed', 'queued', 'started', 'completed'])
  })
})
