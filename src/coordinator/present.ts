/** What a coordinator knows and can do without joining a queue: for the rooms that look at one and look after it. */
export { queueView } from './api/view.ts'
export { beginEpoch, commitBeside } from './commit/commit-beside.ts'
export { dropDead, listDead } from './dead-letters.ts'
export { specOfRow } from './inbox/row-intake.ts'
