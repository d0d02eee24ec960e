import { count } from '../../format/index.ts'

/** From which event on the log was read, as part of a sentence: unread events are not judged. */
export const onlyFrom = (fromSeq: number): string =>
  fromSeq === 1
    ? ''
    : ` from event ${count(fromSeq)} on (what those before it led to is taken from the snapshot at the cut)`
