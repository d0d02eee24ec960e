// Slow, waits 10 s: whether steps of 400 ms overlap.
import type pg from 'pg'
import { expect, it } from 'vitest'
import { isInterlockError } from '../../../src/engine/core/index.ts'
import { createWorkflowManager, type Hold } from '../../../src/engine/workflow/index.ts'
import { allEnded, judge, scene, startWorker, steady, stepsTable } from '../../servers/process/support.ts'

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

/** How many steps were run, and how many pairs of them at the same time. */
async function measure(client: pg.Client) {
  const { rows } = await client.query<{ steps: number; together: number }>(`
    select (select count(*)::int from steps) as steps,
           (select count(*)::int from steps a join steps b on a.ctid < b.ctid
             and a.began_at < b.ended_at and b.began_at < a.ended_at) as together`)
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
  await Promise.all([1, 2].map(() => startWorker(url, { concurrency: 4, ...steady })))
  await coordinator.onJobComplete('gate', 'normal')
  await allEnded(coordinator)
  expect((await judge(store)).violations).toEqual([])
  return measure(client)
}

it('hold: step runs steps of several workflows at once, hold: all one workflow after the other', {
  timeout: 120_000,
}, async () => {
  const all = await run('all')
  const step = await run('step')
  expect([all.steps, step.steps]).toEqual([16, 16])
  // A run that holds all four models keeps the others from each of them.
  expect(all.together).toBe(0)
  expect(step.together).toBeGreaterThan(0)
})
