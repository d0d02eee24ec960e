import { CoordinatorActor } from '../../machines/index.ts'
import { emptyLedger, evolve, fold, type Ledger, type RecordedEvent } from '../../src/engine/core/index.ts'
import { type Context, type Row, sample, sized } from '../frame/bench.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { workedLog } from '../worked-log.ts'

/** One event, in the three ways there are to take it. A bare `send` of XState took 3.1 µs. */
export async function eventRows(context: Context): Promise<readonly Row[]> {
  const events = workedLog({ events: sized(context, 100_000, 3_000), waiting: sized(context, 1_000, 20) })
  const { folded, evolved, sent } = await sample(context, 'one event', () => ({
    folded: perEvent(events, () => fold(emptyLedger, events)),
    evolved: perEvent(events, () => events.reduce<Ledger>(evolve, emptyLedger)),
    sent: perEvent(events, () => feedAll(events)),
  }))
  const unit = 'µs CPU'
  return [
    { what: 'fold, an event of many', unit, samples: folded, goal: { most: 2 } },
    { what: 'evolve, one event', unit, samples: evolved },
    { what: 'machine: check and send, one event', unit, samples: sent },
  ]
}

function feedAll(events: readonly RecordedEvent[]): void {
  const actor = new CoordinatorActor()
  for (const event of events) actor.feed(event)
  actor.stop()
}

function perEvent(events: readonly RecordedEvent[], work: () => void): number {
  const taken = stopwatch()
  work()
  return (taken().cpuMs * 1_000) / events.length
}
