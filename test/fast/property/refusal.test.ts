import { describe, expect, it } from 'vitest'
import {
  type Command,
  type Decision,
  decide,
  type Ledger,
  projectionChanges,
  projectionOf,
} from '../../../src/engine/core/index.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { contentsOf } from '../../support/contents.ts'
import { holds, PATIENCE } from '../../support/runs.ts'
import { play } from '../../support/simulate.ts'
import { startableIn } from './oracle/admission.ts'
import { queueOf } from './oracle/queue.ts'

const run = arbitraryRun({ maxLength: 120 })

describe('a command', () => {
  it(
    'that is refused, or finds everything as it wished, leaves no trace',
    holds([run], 150, (steps) => {
      for (const { before, decision } of play(steps)) {
        const [result] = decision.results
        if (result?.ok === true && result.changed) continue
        expect(decision.events).toEqual([])
        expect([...decision.touched]).toEqual([])
        expect(contentsOf(decision.ledger)).toEqual(contentsOf(before))
      }
    }),
    PATIENCE,
  )

  it(
    'that is sent again at once changes nothing: what ended is ended, what is so is so',
    holds([run], 150, (steps) => {
      for (const { command, decision, surroundings } of play(steps)) {
        const { claim: _, ...again } = command
        if (bypasses(again) || failsAtOnce(decision) || isOverdue(decision.ledger, surroundings.now)) continue
        // A double leaves nothing behind but its event: the store alone knows that the command was carried out.
        if (decision.events.some(({ type }) => type === 'deduplicated')) continue
        expect(decide(decision.ledger, [again], surroundings).events).toEqual([])
      }
    }),
    PATIENCE,
  )

  it(
    'names every row it changes',
    holds([run], 100, (steps) => {
      for (const { before, decision } of play(steps)) {
        const { jobs, gone, state } = projectionChanges(before, decision.ledger, decision.touched)
        const rows = new Map(projectionOf(before).jobs.map((row) => [row.job_id, row]))
        for (const row of jobs) rows.set(row.job_id, row)
        for (const jobId of gone) rows.delete(jobId)
        const after = projectionOf(decision.ledger)
        expect(rows).toEqual(new Map(after.jobs.map((row) => [row.job_id, row])))
        expect({ ...state, policy: state.policy ?? before.policy }).toEqual(after.state)
      }
    }),
    PATIENCE,
  )
})

/** It came after one that had failed: its id is free, and a new life of it fails as well. */
const failsAtOnce = ({ events }: Decision): boolean =>
  events.some((event) => event.type === 'failed' && event.token === null)

/** A job that bypassed left nothing behind by which it could be known again; only its command's id can. */
function bypasses({ body }: Command): boolean {
  return body.type === 'ask' && body.spec.models.length === 0
}

/** An offer ran out, and this command did not look there; the next one may, and then something does happen. */
function isOverdue(ledger: Ledger, now: number): boolean {
  return startableIn(queueOf(ledger), now).length > 0
}
