// Slow, waits 23 s: kills workers in the middle of steps, and waits for their leases.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { createWorkflowManager, type Hold, type WorkflowManager } from '../../../src/engine/workflow/index.ts'
import {
  allEnded,
  attemptsOf,
  judge,
  overlaps,
  scene,
  startWorker,
  stepsTable,
} from '../../servers/process/support.ts'

type Worker = Awaited<ReturnType<typeof startWorker>>

const KILLS = 5
const models = Array.from({ length: 8 }, (_, n) => `model-${n}`)
const jobs = Array.from({ length: 100 }, (_, n) => ({
  jobId: `job-${n}`,
  models: [models[n % 8] ?? ''],
  attempts: 100,
  payload: { ms: 40 },
}))
const workflows = Array.from({ length: 20 }, (_, n) => ({
  executionId: `flow-${n}`,
  hold: (n % 2 === 0 ? 'step' : 'all') as Hold,
  steps: [0, 1, 2].map((i) => ({
    name: `step-${i}`,
    default_model: models[(n + i * 3) % 8] ?? null,
    ms: 300,
  })),
}))

/** Puts it in line for whatever worker; one that could start at once here is not wanted here. */
async function put(manager: WorkflowManager, { executionId, steps, hold }: (typeof workflows)[number]) {
  await manager.executeWorkflow(executionId, { steps }, { hold }).catch((error: unknown) => {
    if (!isInterlockError(error, 'workflow_queued')) throw error
  })
}

describe('20 workflows and 100 jobs on 8 models, with workers that are killed', { timeout: 180_000 }, () => {
  it('go on where they were stopped, run each step once per success, and break no promise', async () => {
    const { url, client, coordinator, store } = await scene()
    await client.query(stepsTable)
    await coordinator.setPolicy('by-model')
    const runStep = () => {
      throw new Error('no step is run in this process')
    }
    const manager = createWorkflowManager({ coordinator, runStep, attempts: 100 })
    // Everybody waits for this one, so nothing starts here.
    const gate = await coordinator.onJobStart('gate', 'normal', models)
    expect(gate.allowed).toBe(true)
    for (const workflow of workflows) await put(manager, workflow)
    await coordinator.enqueue(jobs)
    const workers = await Promise.all([1, 2, 3, 4].map(() => startWorker(url, { concurrency: 3 })))
    await coordinator.onJobComplete('gate', 'normal')
    for (let kills = 0; kills < KILLS; kills++) {
      const victim = await stepRunner(workers, client)
      victim.child.kill('SIGKILL')
      expect(await victim.ended).toBe('SIGKILL')
      workers.splice(workers.indexOf(victim), 1, await startWorker(url, { concurrency: 3 }))
    }
    await allEnded(coordinator, 120_000)
    const { events, violations, verified } = await judge(store)
    expect(violations).toEqual([])
    expect(verified).toBe(true)
    expect(attemptsOf(events).open).toEqual([])
    expect(attemptsOf(events).ends['completed']).toBe(jobs.length + workflows.length + 1)
    expect(attemptsOf(events).ends['lease_expired']).toBeGreaterThanOrEqual(KILLS)
    expect(await overlaps(client)).toBe(0)
    await expectSteps(client, manager)
  })
})

/** A worker that is in the middle of a step just now: a kill has this step begun again. */
async function stepRunner(
  workers: readonly Worker[],
  client: Parameters<typeof overlaps>[0],
): Promise<Worker> {
  for (const giveUp = performance.now() + 20_000; performance.now() < giveUp; await sleep(10)) {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from steps where ended_at is null and began_at > clock_timestamp() - interval '150 ms'`,
    )
    const busy = workers.find(({ child }) => rows.some(({ pid }) => pid === child.pid))
    if (busy !== undefined) return busy
  }
  throw new Error('no worker runs a step of a workflow')
}

/** Of each workflow: steps in order, none again after it had succeeded, and the results are those of the last runs. */
async function expectSteps(client: Parameters<typeof overlaps>[0], manager: WorkflowManager): Promise<void> {
  let again = 0
  for (const { executionId, steps } of workflows) {
    const { rows } = await client.query<{ step: number; token: string }>(
      'select step, token from steps where execution_id = $1 order by began_at',
      [executionId],
    )
    const order = rows.map(({ step }) => step)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    const last = steps.map((_, i) => Number(rows.findLast(({ step }) => step === i)?.token))
    expect(await manager.resumeWorkflow(executionId)).toMatchObject({ status: 'completed', results: last })
    again += rows.length - steps.length
  }
  // Kills hit workflows: some step was begun more than once.
  expect(again).toBeGreaterThan(0)
}
