import { projectionOf } from '../../../engine/core/index.ts'
import { pausedModels, stateDocument } from '../../../tools/history/documents.ts'
import { LiveView } from '../../../tools/operate/live-view.ts'
import type { Cli } from '../cli.ts'
import { withAccess } from '../store.ts'
import { presentOf, Top } from '../top/run.ts'
import { topText } from '../top/view.ts'

/** Into a pipe there is room for everything that people look at. */
const LINES = 60

export function addTop(cli: Cli): void {
  cli.command(
    'top',
    [
      ['top', 'live; ↑ ↓ choose a waiting job, keys change the queue after a preview, q quits'],
      ['top | cat', 'prints it once'],
    ],
    (frame) =>
      withAccess(frame, async (access) => {
        const live = new LiveView(access)
        const begin = await presentOf(live)
        const { keys } = frame.surface
        if (frame.isTerminal && !frame.json && keys !== undefined)
          return new Top(frame, live, begin).run(keys)
        const { state, jobs } = projectionOf(begin.ledger)
        const active = jobs.filter((job) => job.state === 'active')
        const view = { ...begin, rates: { started: 0, ended: 0 }, chosen: null, message: [] }
        const document = stateDocument({ state, active }, pausedModels(begin.ledger), begin)
        frame.emit(document, topText(frame, view, LINES))
      }),
  )
}
