import type pg from 'pg'
import { expect, it } from 'vitest'
import { isInterlockError } from '../../src/core/index.ts'
import { createWorkflowManager, type Hold } from '../../src/workflow/index.ts'
import { allEnded, judge, scene, startWorker, stepsTable } from './support.ts'

/** Each workflow needs all four models, one a step, and begins at another one. A step sleeps far longer than a hand-off takes. */
const STEP_MS = 400
const models = ['a', 'b', 'c', 'd']
const workflows = models.map((_, n) => ({
  executionId: `flow-${n}`,
  steps: models.map((_, i) => ({
    name: `step-${i}`,
    default_model: models[(n + i) % 4] ?? null,
    ms: STEP_MS,
  })),
}))

/** From the first step that began to the last that ended, and how many of them ran at a time, on average. */
async function measure(client: pg.Client) {
  const { rows } = await client.query<{ steps: number; makespan: number; together: number }>(`
    select count(*)::int as steps, extract(epoch from max(ended_at) - min(began_at))::float8 * 1000 as makespan,
           (sum(extract(epoch from ended_at - began_at)) / extract(epoch from max(ended_at) - min(began_at)))::float8 as together
      from steps`)
  return rows[0] ?? expect.fail('no step was run')
}

/** The same load under either, in two worker processes with a slot for every workflow. */
async function run(hold: Hold) {
  const { url, client, coordinator, store } = await scene()
  await client.query(stepsTable)
  await coordinator.setPolicy('by-model')
  const runStep = () => {
    throw new Error('no step is run in this process')
  }
  const manager = createWorkflowManager({ coordinator, runStep, hold })
  // Everybody waits for this one, until the workers are there.
  await coordinator.onJobStart('gate', 'normal', models)
  for (const { executionId, steps } of workflows) {
    await manager.executeWorkflow(executionId, { steps }).catch((error: unknown) => {
      if (!isInterlockError(error, 'workflow_queued')) throw error
    })
  }
  await Promise.all([startWorker(url, { concurrency: 4 }), startWorker(url, { concurrency: 4 })])
  await coordinator.onJobComplete('gate', 'normal')
  await allEnded(coordinator)
  expect((await judge(store)).violations).toEqual([])
  return measure(client)
}

it('hold: step ends the same load sooner than hold: all, which runs it one after the other', {
  timeout: 120_000,
}, async () => {
  const all = await run('all')
  const step = await run('step')
  expect([all.steps, step.steps]).toEqual([16, 16])
  // Whoever holds all four models keeps everybody else from every one of them: that takes the sum of all steps.
  expect(all.together).toBeLessThanOrEqual(1)
  expect(all.makespan).toBeGreaterThanOrEqual(16 * STEP_MS)
  expect(step.together).toBeGreaterThan(1)
  expect(step.makespan).toBeLessThan(all.makespan)
  expect(step.makespan).toBeGreaterThanOrEqual(4 * STEP_MS)
})
