import type { QueueBeside } from '../../engine/coordinator/index.ts'
import type { Ledger } from '../../engine/core/index.ts'
import { familiesOf } from './families.ts'
import type { Family } from './family.ts'
import type { Recorders } from './meter/histogram.ts'
import type { Metered, MetricsOptions } from './options.ts'
import { QueueFigures } from './queue-figures.ts'

interface FigureSource {
  readonly coordinator: Metered
  readonly figures: QueueFigures
}

/** Counts what coordinators fold, from now on, for any face. Reading asks the database nothing. */
export class Figures {
  readonly #sources: readonly FigureSource[]

  /** @param recordersOf told of each length of time in this queue when it is measured */
  constructor(options: MetricsOptions, recordersOf?: (queue: string) => Recorders) {
    const { coordinator } = options
    const all: readonly Metered[] = 'queue' in coordinator ? [coordinator] : coordinator
    this.#sources = all.map((one) => {
      const { queue, changes$ } = one
      const beside = async () => (await one.beside?.()) ?? nothingBeside
      const of = { queue, changes$, now: () => one.now(), beside }
      const figures = new QueueFigures(of, options, recordersOf?.(queue))
      figures.begin(one.ledger())
      return { coordinator: one, figures }
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
    for (const { figures } of this.#sources) figures.stop()
  }
}

/** Of a coordinator that nobody can ask. */
const nothingBeside: QueueBeside = { workers: [], outside: null }

function readingOf({ coordinator, figures }: FigureSource) {
  const vitals = coordinator.vitals()
  const { queue, created, ...read } = figures.read()
  return {
    queue: { queue, created, ...read, log: vitals.log },
    process: { queue, created, vitals, running: runningIn(figures.ledger, vitals.workerId) },
  }
}

const runningIn = ({ active, jobs }: Ledger, workerId: string): number =>
  [...active].filter((place) => jobs.get(place)?.workerId === workerId).length
