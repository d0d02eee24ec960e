import type { Projection, WorkerRow } from '../../port/index.ts'
import type { Cli } from '../cli.ts'
import { isoTime } from '../format.ts'
import type { Frame } from '../frame.ts'
import { stateDocument, stateText } from '../show/state.ts'
import { emptyFolder, nothingYet, withStore } from '../store.ts'

/** What one look at the store saw. */
interface Look {
  readonly store: string
  readonly now: number
  readonly projection: Projection | null
  readonly workers: readonly WorkerRow[]
}

export function addStatus(cli: Cli): void {
  cli.command(
    'status',
    'what runs, what waits, and who works; reads only',
    [
      ['status', 'also while a run goes on in another terminal'],
      ['status --json', 'the same for programs'],
    ],
    async (frame) => {
      const folder = emptyFolder(frame.target())
      if (folder !== null) return frame.emit(documentOf(frame, nothing(folder)), nothingYet)
      const look = await withStore<Look>(frame, async (store) => ({
        store: store.name,
        projection: await store.projection(frame.queue),
        workers: await store.workers(frame.queue),
        now: (await store.read(frame.queue, 0, 1)).now,
      }))
      frame.emit(documentOf(frame, look), textOf(frame, look))
    },
  )
}

const nothing = (folder: string): Look => ({
  store: `pglite:${folder}`,
  now: 0,
  projection: null,
  workers: [],
})

function documentOf(frame: Frame, { store, projection, workers }: Look) {
  return {
    queue: frame.queue,
    store,
    ...stateDocument(projection),
    workers: workers.map(({ startedAt, beatAt, expiresAt, ...worker }) => ({
      ...worker,
      startedAt: isoTime(startedAt),
      beatAt: isoTime(beatAt),
      expiresAt: isoTime(expiresAt),
    })),
  }
}

function textOf(frame: Frame, { projection, workers, now, store }: Look): string {
  const inState = (wanted: WorkerRow['state']) => workers.filter(({ state }) => state === wanted).length
  const late = inState('late') > 0 ? `, ${inState('late')} late` : ''
  const title = [['queue', `${frame.colors.bold(frame.queue)} in ${store}`]] as const
  return stateText(frame, projection, now, title, [['workers', `${inState('live')} live${late}`]])
}
