/** How a log is folded from a snapshot and one is kept: for the rooms that look at a log. Needs nothing of Node's. */
export { pause } from './base/backoff.ts'
export { PACKAGE_VERSION } from './base/package-version.ts'
export { keepForCut } from './maintenance/cut.ts'
export { keepSnapshot } from './replica/keep-snapshot.ts'
export { firstLedger, ledgerNear } from './replica/ledger-near.ts'
export { readSnapshot } from './replica/read-snapshot.ts'
