import type { Subscription } from 'rxjs'
import type { QueueBeside } from '../../engine/coordinator/index.ts'
import type { Ledger, QueueChange } from '../../engine/core/index.ts'
import { familiesOf } from './families.ts'
import type { Family } from './family.ts'
import type { Recorders } from './meter/histogram.ts'
import { QueueCensus } from './meter/queue-census.ts'
import { QueueMeter } from './meter/queue-meter.ts'
import { type Metered, type MetricsOptions, meterOptions } from './options.ts'

interface FigureSource {
  readonly coordinator: Metered
  readonly meter: QueueMeter
  readonly census: QueueCensus
  readonly watch: Subscription
}

/** Counts what coordinators fold, from now on, for any face. Reading asks the database nothing. */
export class Figures {
  readonly #sources: readonly FigureSource[]

  /** @param recordersOf told of each length of time in this queue when it is measured */
  constructor(options: MetricsOptions, recordersOf?: (queue: string) => Recorders) {
    const { coordinator } = options
    const all: readonly Metered[] = 'queue' in coordinator ? [coordinator] : coordinator
    this.#sources = all.map((one) => {
      const meter = new QueueMeter(meterOptions(options), recordersOf?.(one.queue))
      meter.begin(one.ledger())
      const census = new QueueCensus(async () => (await one.beside?.()) ?? nothingBeside)
      return {
        coordinator: one,
        meter,
        census,
        watch: one.changes$.subscribe((change) => follow(meter, change)),
      }
    })
  }

  /** All families with what is known now. */
  read(): readonly Family[] {
    const read = this.#sources.map(readingOf)
    return familiesOf({
      queues: read.map(({ queue }) => queue),
      processes: read.map(({ process }) => process),
    })
  }

  stop(): void {
    for (const { watch } of this.#sources) watch.unsubscribe()
  }
}

/** Of a coordinator that nobody can ask. */
const nothingBeside: QueueBeside = { workers: [], outside: null }

function readingOf({ coordinator, meter, census }: FigureSource) {
  const { queue } = coordinator
  const created = meter.begunAt / 1_000
  const vitals = coordinator.vitals()
  const now = coordinator.now()
  return {
    queue: {
      queue,
      created,
      now,
      reading: meter.read(now),
      census: census.read(coordinator.ledger(), now),
      log: vitals.log,
    },
    process: { queue, created, vitals, running: runningIn(meter.ledger, vitals.workerId) },
  }
}

const runningIn = ({ active, jobs }: Ledger, workerId: string): number =>
  [...active].filter((place) => jobs.get(place)?.workerId === workerId).length

/** A fault in figures must not end a worker: they go on from the queue as it is. */
function follow(meter: QueueMeter, change: QueueChange): void {
  try {
    meter.see(change)
  } catch {
    meter.begin(change.ledger)
  }
}
