/**
 * For rooms that read a log or maintain a queue: how to fold a log from a snapshot and keep one, without Node, and what can be
 * known and done without joining.
 */
export { queueView } from './api/view.ts'
export { errorText, guarded } from './base/logger.ts'
export { PACKAGE_VERSION } from './base/package-version.ts'
export { pause } from './base/retry.ts'
export { beginEpoch, commitBeside } from './commit/commit-beside.ts'
export { specOfRow } from './inbox/row-intake.ts'
export { dropDead, listDead } from './job-records.ts'
export { keepForCut } from './maintenance/retention.ts'
export { firstLedger, keepSnapshot, ledgerNear, readSnapshot } from './replica/snapshots.ts'
