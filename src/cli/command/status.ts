import { type Standing, standingOf, statusDocument, workingIn } from '../../operate/parts.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import { stateText } from '../show/state.ts'
import { countText, workersTable } from '../show/workers.ts'
import { emptyFolder, nothingYet, withAccess } from '../store.ts'

export function addStatus(cli: Cli): void {
  cli.command(
    'status',
    [
      ['status', 'also while a run goes on in another terminal'],
      ['status --json', 'the same for programs'],
    ],
    async (frame) => {
      const folder = emptyFolder(frame.target())
      if (folder !== null) return frame.emit(statusDocument(nothing(frame, folder)), nothingYet)
      const standing = await withAccess(frame, standingOf)
      frame.emit(statusDocument(standing), textOf(frame, standing))
    },
  )
}

/** Of a database that nobody has made yet. */
const nothing = ({ queue }: Frame, folder: string): Standing => ({
  ...{ queue, store: `pglite:${folder}`, now: 0, rows: null, workers: [], paused: [] },
})

function textOf(frame: Frame, standing: Standing): string {
  const { rows, paused, now, store } = standing
  const working = workingIn(standing)
  const title = [['queue', `${frame.colors.bold(frame.queue)} in ${store}`]] as const
  const state = stateText(frame, rows, now, { paused, title, more: [['workers', countText(working)]] })
  return working.length === 0 ? state : `${state}\n\n${workersTable(frame, working, now)}`
}
