/** What the other rooms and the command line use of this one beside what is published. */
export { type Opened, opened, telling } from './access.ts'
export { type ArchiveTarget, archiveThrough } from './archive.ts'
export { giveAsWritten } from './archived-files.ts'
export { anchorOf, checkChainEnd } from './chain.ts'
export { ChainWalk, startOf } from './chain-walk.ts'
export { compareRows, pageAfter, ROWS } from './compare-rows.ts'
export { specDocument } from './document/event.ts'
export { explanationDocument } from './document/explanation.ts'
export { inLineOrder, standingOf } from './document/job.ts'
export {
  type PausedModel,
  pausedDocument,
  pausedModels,
  pausedText,
  untilText,
} from './document/paused.ts'
export { oldestFirst, type RunningRows, stateDocument } from './document/state.ts'
export { activeFirst, type ToldJob, toldDocument, toldIn } from './document/told.ts'
export { noteCut, orCut } from './fold.ts'
export { checkKept, unlessGone } from './kept.ts'
export { onlyOne } from './of-job.ts'
export { beginningAt, cutAt, endingAt } from './point.ts'
export { eachEvent } from './read-log.ts'
export { explainedIn, lineOf, type Past, pastOf, replayDocument } from './replay.ts'
export { noState } from './row-differences.ts'
