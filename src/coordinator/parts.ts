/**
 * For the rooms that look at a log and look after a queue: how a log is folded from a snapshot and one is kept, which needs nothing of
 * Node's, and what can be known and done without joining.
 */
export { queueView } from './api/view.ts'
export { PACKAGE_VERSION } from './base/package-version.ts'
export { pause } from './base/retry.ts'
export { beginEpoch, commitBeside } from './commit/commit-beside.ts'
export { specOfRow } from './inbox/row-intake.ts'
export { dropDead, listDead } from './job-records.ts'
export { keepForCut } from './maintenance/retention.ts'
export { keepSnapshot } from './replica/keep-snapshot.ts'
export { firstLedger, ledgerNear } from './replica/ledger-near.ts'
export { readSnapshot } from './replica/read-snapshot.ts'
