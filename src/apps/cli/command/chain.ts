import { plural } from '../../../tools/format/index.ts'
import { type ChainDocument, chain } from '../../../tools/history/index.ts'
import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { withAccess } from '../store.ts'
import type { TextLines } from '../terminal/lines.ts'

interface Options {
  readonly start?: boolean
}

export function addChain(cli: Cli): void {
  cli
    .command<Options>(
      'chain',
      [
        ['chain --start', 'from now on, each event carries the hash of the one before it'],
        [
          'chain',
          '<number>:<hash> of the last event, for verify --anchor later; exit code 3 if the chain is broken, 0 if the queue keeps none; `verify` checks the chain and the rows',
        ],
      ],
      async (frame, _, { start = false }) => {
        const found = await withAccess(frame, (access) => chain(access, { start }), start ? 'make' : 'refuse')
        frame.emit(found, textOf(found))
        if (found.bad !== null) throw new FoundSomething()
      },
    )
    .option('--start', 'begin the chain; if there is one, it goes on')
}

function textOf({ from, anchor, bad }: ChainDocument): TextLines {
  if (bad !== null) return `broken at event ${bad.seq}: ${bad.what}`
  if (from === null) return 'this queue keeps no hash chain; begin one: npx interlock-queue chain --start'
  const last = Number(anchor?.split(':')[0])
  return [`${plural(last - from, 'event')} on the chain, and every hash is right`, `anchor ${anchor}`]
}
