import { expect, it } from 'vitest'
import type { JobRow, StateRow } from '../../../src/engine/core/index.ts'
import { checkByRows, checkLong } from '../../../src/tools/doctor/checks/jobs.ts'
import type { Facts } from '../../../src/tools/doctor/facts.ts'
import { LiveRows } from '../../../src/tools/doctor/live-rows.ts'

const now = 1_000_000_000_000

it('quotes the ids of jobs in what it says to type, and what it says of them is one line', () => {
  const rows = new LiveRows(now, 1)
  const row = (jobId: string, more: object) =>
    ({
      ...{ job_id: jobId, kind: 'k', worker_id: 'w', queued_at: 1, due_at: null, ...more },
    }) as unknown as JobRow
  rows.take([
    row('a; touch PWNED #', { state: 'active', expires_at: 1 }),
    row('--force', { state: 'active', expires_at: 1 }),
    row('b\n  to do: rm', { state: 'waiting', conflict_reason: 'c\nd' }),
  ])
  const state = { updated_at: 1 } as StateRow
  const facts = { rows, checkup: { now }, workers: [], waitingMs: 1, state, drift: { ledger: null } }
  const all = facts as unknown as Facts
  const found = [...checkByRows(all), ...checkLong(all)]
  const told = 'start a process of Interlock, which ends it; or: npx interlock-queue cancel --force'
  expect(found.map(({ remedy }) => remedy)).toEqual([
    `${told} 'a;'' touch PWNED #'`,
    `${told} -- '--force'`,
    "npx interlock-queue explain $'b\\012  to do: rm'",
  ])
  expect(found.at(-1)?.what).toMatch(/the longest is b\\n {2}to do: rm with .*: c\\nd$/)
})
