/** What other rooms and the command line use of this room, beside what is published. */
export { type Opened, opened, telling } from './access.ts'
export { type ArchiveTarget, archiveThrough } from './archive.ts'
export { giveAsWritten } from './bad-event.ts'
export { anchorOf, checkChainEnd } from './chain.ts'
export { ChainWalk, startOf } from './chain-walk.ts'
export { compareRows, pageAfter, ROWS } from './compare-rows.ts'
export {
  type Around,
  activeFirst,
  explanationDocument,
  faultIn,
  inLineOrder,
  oldestFirst,
  type PausedModel,
  pausedDocument,
  pausedModels,
  pausedText,
  type RunningRows,
  specDocument,
  standingOf,
  stateDocument,
  type ToldJob,
  toldDocument,
  toldIn,
  untilText,
} from './documents.ts'
export { noteCut, orCut } from './fold.ts'
export { checkKept, unlessGone } from './kept.ts'
export { onlyOne } from './of-job.ts'
export { operatorsBy, operatorsOf, operatorText } from './operators.ts'
export { beginningAt, cutAt, endingAt } from './point.ts'
export { eachEvent } from './read-log.ts'
export { explainedIn, lineOf, type Past, pastOf, replayDocument } from './replay.ts'
export { noState } from './row-differences.ts'
