/** What a coordinator knows and can do without joining a queue: for the rooms that look at one and look after it. */
export { commitBeside } from './beside.ts'
export { dropDead, listDead } from './dead.ts'
export { beginEpoch } from './epoch.ts'
export { hasWorkerAmong } from './has-worker.ts'
export { specOfRow } from './intake.ts'
export { queueView } from './view.ts'
