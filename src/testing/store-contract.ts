import { appendContract } from './contract/append.ts'
import { benchFor, type Runner, type Subject } from './contract/bench.ts'
import { cutContract } from './contract/cut.ts'
import { dataContract } from './contract/data.ts'
import { deadContract } from './contract/dead.ts'
import { decidingContract } from './contract/deciding.ts'
import { leaseContract } from './contract/leases.ts'
import { otherLogContract, otherLogTurnContract } from './contract/other-log.ts'
import { readContract } from './contract/read.ts'
import { rebuildContract } from './contract/rebuild.ts'
import { snapshotContract } from './contract/snapshot.ts'
import { noTurnContract, turnContract } from './contract/turn.ts'

/**
 * What every store has to do, as tests. You can run a coordinator on a store that passes them.
 * @param subject makes the data that stores are opened over; called once, before the first test
 * @param turns false for a store that has no `turn`, since each of its calls is a transaction of its own
 * @param deciding true for a store in which one process can decide for all
 * @example
 * import { storeContract } from 'interlock-queue/testing'
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 *
 * storeContract('my store', async () => ({ connect: () => myStore(url) }), { describe, it, beforeAll, afterAll })
 */
export function storeContract(
  name: string,
  subject: () => Promise<Subject>,
  runner: Runner,
  { turns = true, deciding = false }: { readonly turns?: boolean; readonly deciding?: boolean } = {},
): void {
  runner.describe(`${name} keeps the contract of stores:`, () => {
    const bench = benchFor(subject, runner)
    runner.describe('append, stage (job_queue_append, job_queue_stage)', () => appendContract(bench))
    runner.describe('another log', () => {
      otherLogContract(bench)
      if (turns) otherLogTurnContract(bench)
    })
    runner.describe('beat, leave, workers (job_queue_beat, job_queue_leave, job_queue_worker_list)', () =>
      leaseContract(bench),
    )
    runner.describe('turn (job_queue_turn)', () => (turns ? turnContract(bench) : noTurnContract(bench)))
    if (deciding)
      runner.describe('deciding for all (job_queue_append_told, job_queue_hand_in, job_queue_pick_up)', () =>
        decidingContract(bench),
      )
    runner.describe('data, note, forget (job_queue_data_of, job_queue_note, job_queue_forget)', () =>
      dataContract(bench),
    )
    runner.describe('dead, drop (job_queue_dead, job_queue_drop)', () => deadContract(bench))
    runner.describe('open, read (job_queue_open, job_queue_read, job_queue_event_at)', () =>
      readContract(bench),
    )
    runner.describe(
      'projection, rebuild (job_queue_projection, job_queue_projection_page, job_queue_rebuild, job_queue_rebuild_rows)',
      () => rebuildContract(bench),
    )
    runner.describe(
      'snapshot, chunk (job_queue_snapshot, job_queue_put_snapshot, job_queue_snapshot_chunk, job_queue_put_snapshot_chunk)',
      () => snapshotContract(bench),
    )
    runner.describe('archive, claimCut, kept (job_queue_archive, job_queue_claim_cut, job_queue_kept)', () =>
      cutContract(bench),
    )
  })
}
