import { describe, expect, it } from 'vitest'
import { isStartable, type Job, type Ledger, MICROS_PER_SECOND } from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { play, World } from '../../support/simulate.ts'
import { isOverRate, startableIn } from './oracle/admission.ts'
import { lineOf, queueOf, runningIn } from './oracle/queue.ts'

describe('an open queue', () => {
  it(
    'always lets somebody start when work is due and nothing runs',
    holds([arbitraryRun({ maxLength: 150 })], 300, (steps) => {
      for (const { decision, surroundings } of play(steps)) {
        const { ledger } = decision
        const queue = queueOf(ledger)
        if (queue.draining || lineOf(queue).length === 0 || runningIn(queue).length > 0) continue
        // Its head may wait for a rate, and keeps its place meanwhile.
        const { now } = surroundings
        if (lineOf(queue).some(({ spec }) => spec.models.some((model) => isOverRate(queue, model, now))))
          continue
        expect([...ledger.jobs].some((job) => isStartable(ledger, job, surroundings.now))).toBe(true)
      }
    }),
    PATIENCE,
  )

  /** Only what became startable by the passing of time may be left to the next worker that looks everywhere. */
  it(
    'starts or offers at once whatever a command made startable',
    holds([arbitraryRun({ maxLength: 150 })], 300, (steps) => {
      for (const { before, decision, surroundings } of play(steps)) {
        const idle = idsOf(startableIn(queueOf(before), surroundings.now))
        const forgotten = idsOf(startableIn(queueOf(decision.ledger), surroundings.now))
        expect(forgotten.filter((jobId) => !idle.includes(jobId))).toEqual([])
      }
    }),
    PATIENCE,
  )

  it(
    'comes to the end of its work, however it got where it is',
    holds([arbitraryRun({ maxLength: 100 })], 100, (steps) => {
      const world = new World()
      for (const step of steps) world.play(step)
      send(world, { type: 'resume' })
      for (const { model } of world.ledger.pauses) send(world, { type: 'resume_model', model })
      for (let round = 0; world.ledger.jobs.size > 0; round++) {
        expect(round).toBeLessThan(200)
        workOnce(world)
      }
    }),
    PATIENCE,
  )
})

function idsOf(jobs: readonly { readonly jobId: string }[]): readonly string[] {
  return jobs.map((job) => job.jobId)
}

/** A worker with every handler looks, and finishes whatever runs. */
function workOnce(world: World): void {
  world.now += MICROS_PER_SECOND
  send(world, { type: 'tick' })
  send(world, { type: 'claim' })
  for (const { jobId, token } of activeIn(world.ledger)) send(world, { type: 'complete', jobId, token })
}

function activeIn(ledger: Ledger): readonly Job[] {
  return [...ledger.jobs].filter((job) => job.active)
}

function send(world: World, body: Parameters<World['run']>[0]['body']): void {
  world.run({ id: 'work', hash: 0, workerId: 'finisher', claim: { max: 3, kinds: null }, body })
}
