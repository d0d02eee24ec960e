import { appendContract } from './store/append.ts'
import { benchFor, type Runner, type Subject } from './store/bench.ts'
import { combiningContract } from './store/combining.ts'
import { cutContract } from './store/cut.ts'
import { dataContract } from './store/data.ts'
import { deadContract } from './store/dead.ts'
import { endingsContract } from './store/endings.ts'
import { leaseContract } from './store/leases.ts'
import { onceContract } from './store/once.ts'
import { operatorContract } from './store/operators.ts'
import { otherLogContract, otherLogLockedContract } from './store/other-log.ts'
import { readContract } from './store/read.ts'
import { rebuildContract } from './store/rebuild.ts'
import { snapshotContract } from './store/snapshot.ts'

/**
 * What every store has to do, as tests. You can run a coordinator on a store that passes them.
 * @param subject makes the data that stores are opened over; called once, before the first test
 * @param http true for a store over HTTP: each of its calls is a transaction of its own, and processes do not combine their commands
 * @param tells false for a store that cannot tell one process alone what came of its commands
 * @example
 * storeContract('my store', async () => ({ connect: () => myStore(url) }), { describe, it, beforeAll, afterAll })
 */
export function storeContract(
  name: string,
  subject: () => Promise<Subject>,
  runner: Runner,
  { http = false, tells = !http }: { readonly http?: boolean; readonly tells?: boolean } = {},
): void {
  runner.describe(`${name} keeps the contract of stores:`, () => {
    const bench = benchFor(subject, runner)
    runner.describe('append, stage (job_queue_append, job_queue_stage)', () => appendContract(bench))
    runner.describe('another log', () => {
      otherLogContract(bench)
      if (!http) otherLogLockedContract(bench)
    })
    runner.describe('beat, leave, workers (job_queue_beat, job_queue_leave, job_queue_worker_list)', () =>
      leaseContract(bench),
    )
    runner.describe('sign, operators, forgetOperator (job_queue_sign, job_queue_signed)', () =>
      operatorContract(bench),
    )
    if (!http)
      runner.describe('combining (job_queue_append_for, job_queue_publish, job_queue_resign)', () =>
        combiningContract(bench, tells),
      )
    runner.describe('data, note, forget (job_queue_data_of, job_queue_note, job_queue_forget)', () =>
      dataContract(bench),
    )
    runner.describe('dead, drop (job_queue_dead, job_queue_drop)', () => deadContract(bench))
    runner.describe('endings, results (job_queue_endings, job_queue_results)', () => endingsContract(bench))
    runner.describe('once (job_queue_once_before, job_queue_put_once, job_queue_check_once)', () =>
      onceContract(bench),
    )
    runner.describe('open, read (job_queue_open, job_queue_read, job_queue_event_at)', () =>
      readContract(bench),
    )
    runner.describe(
      'projection, rebuild (job_queue_projection, job_queue_projection_page, job_queue_rebuild, job_queue_rebuild_rows, job_queue_turn)',
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
