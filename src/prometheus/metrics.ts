import type { Subscription } from 'rxjs'
import type { QueueChange } from '../core/index.ts'
import { answerTo, type Known, textOf } from './answer.ts'
import type { Format } from './exposition/write.ts'
import { QueueMeter } from './meter/queue-meter.ts'
import {
  checkFormat,
  checkMetricsOptions,
  checkRequest,
  type Metered,
  type MetricsOptions,
  meterOptions,
} from './options.ts'

/** The figures of the queues that a process has joined. */
export interface Metrics {
  /** All of them as text, for a registry of your own: put the text format after what that one says. */
  text(format?: Format): string
  /** Answers a scrape: mount it at `/metrics` of your server, behind your own authentication. */
  fetch(request: Request): Response
  /** Stops counting. The coordinators stay open. */
  close(): void
}

interface Source {
  readonly coordinator: Metered
  readonly meter: QueueMeter
  readonly watch: Subscription
}

/**
 * Counts what a coordinator folds, from now on. A scrape asks the database nothing, and costs the same however many jobs wait.
 * @throws InterlockError `invalid_input`, naming the path
 * @example
 * const metrics = createMetrics({ coordinator, models: ['flux-dev'] })
 * app.get('/metrics', (context) => metrics.fetch(context.req.raw))
 */
export function createMetrics(options: MetricsOptions): Metrics {
  checkMetricsOptions(options)
  const { coordinator } = options
  const all: readonly Metered[] = 'queue' in coordinator ? [coordinator] : coordinator
  const sources = all.map((one): Source => {
    const meter = new QueueMeter(meterOptions(options))
    meter.begin(one.ledger())
    return { coordinator: one, meter, watch: one.changes$.subscribe((change) => follow(meter, change)) }
  })
  const known = (): Known => {
    const read = sources.map(({ coordinator: of, meter }) => {
      const { queue } = of
      const created = meter.begunAt / 1_000
      const vitals = of.vitals()
      return {
        queue: { queue, created, reading: meter.read(of.now()), log: vitals.log },
        process: { queue, created, vitals, running: meter.runningIn(vitals.workerId) },
      }
    })
    return { queues: read.map(({ queue }) => queue), processes: read.map(({ process }) => process) }
  }
  return {
    text: (format = 'text') => {
      checkFormat(format)
      return textOf(known(), format)
    },
    fetch: (request) => {
      checkRequest(request)
      return answerTo(request, known())
    },
    close: () => {
      for (const { watch } of sources) watch.unsubscribe()
    },
  }
}

/** A fault in figures must not end a worker: they go on from the queue as it is. */
function follow(meter: QueueMeter, change: QueueChange): void {
  try {
    meter.see(change)
  } catch {
    meter.begin(change.ledger)
  }
}
