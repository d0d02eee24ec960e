import { count } from '../../../tools/format/index.ts'

/** The number of the first event that was read, as part of a sentence: earlier events were not checked. */
export const onlyFrom = (fromSeq: number): string =>
  fromSeq === 1
    ? ''
    : ` from event ${count(fromSeq)} on (for earlier events, the snapshot at the cut was taken as it is)`
