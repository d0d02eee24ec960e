/** Folds a log that lies in memory, parsed and checked, and answers what each time took. */

import { replay } from '../../src/engine/core/index.ts'
import { decodeEvent, encodeEvent } from '../../src/engine/events/index.ts'
import { answer, asked } from '../frame/child.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { type LogShape, workedLog } from '../worked-log.ts'

const { shape, runs } = asked<{ readonly shape: LogShape; readonly runs: number }>()
const events = workedLog(shape).map((event) => decodeEvent(encodeEvent(event)))
answer(
  Array.from({ length: runs }, () => {
    const taken = stopwatch()
    replay(events)
    return taken()
  }),
)
