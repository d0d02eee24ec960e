/** How a log is folded from a snapshot and one is kept: for the rooms that look at a log. Needs nothing of Node's. */
export { pause } from './backoff.ts'
export { keepForCut } from './cut.ts'
export { keepSnapshot } from './keep-snapshot.ts'
export { firstLedger, ledgerNear } from './ledger-near.ts'
export { readSnapshot } from './read-snapshot.ts'
export { RELEASE } from './release.ts'
