import type { LogStore, Projection, WorkerRow } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { pausedAt } from '../look.ts'
import type { PausedModel } from '../show/paused.ts'
import { stateDocument, stateText } from '../show/state.ts'
import { countText, type Working, whoWorks, workersTable, workingDocument } from '../show/workers.ts'
import { emptyFolder, nothingYet, withStore } from '../store.ts'

/** What one look at the store saw. */
interface Look {
  readonly store: string
  readonly now: number
  readonly projection: Projection | null
  readonly workers: readonly WorkerRow[]
  /** Null: the log could not be folded. */
  readonly paused: readonly PausedModel[] | null
}

export function addStatus(cli: Cli): void {
  cli.command(
    'status',
    [
      ['status', 'also while a run goes on in another terminal'],
      ['status --json', 'the same for programs'],
    ],
    async (frame) => {
      const folder = emptyFolder(frame.target())
      if (folder !== null) return frame.emit(documentOf(frame, nothing(folder)), nothingYet)
      const look = await withStore(frame, (store) => lookFor(frame, store))
      frame.emit(documentOf(frame, look), textOf(frame, look))
    },
  )
}

async function lookFor(frame: Frame, store: LogStore): Promise<Look> {
  const projection = await store.projection(frame.queue)
  return {
    store: store.name,
    projection,
    workers: await store.workers(frame.queue),
    paused: await pausedAt(frame, store, projection?.state.version ?? 0),
    now: (await store.read(frame.queue, 0, 1)).now,
  }
}

const nothing = (folder: string): Look => ({
  store: `pglite:${folder}`,
  now: 0,
  projection: null,
  workers: [],
  paused: [],
})

const workingIn = ({ projection, workers }: Look): readonly Working[] =>
  whoWorks(workers, projection?.jobs ?? [])

function documentOf(frame: Frame, look: Look) {
  const { store, projection, paused } = look
  return {
    queue: frame.queue,
    store,
    ...stateDocument(projection, paused),
    workers: workingIn(look).map(workingDocument),
  }
}

function textOf(frame: Frame, look: Look): string {
  const { projection, paused, now, store } = look
  const working = workingIn(look)
  const title = [['queue', `${frame.colors.bold(frame.queue)} in ${store}`]] as const
  const state = stateText(frame, projection, now, { paused, title, more: [['workers', countText(working)]] })
  return working.length === 0 ? state : `${state}\n\n${workersTable(frame, working, now)}`
}
