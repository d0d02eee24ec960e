import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'
import { plural } from '../format.ts'
import { type Chain, checkChain } from '../history/chain.ts'
import { withStore } from '../store.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly start?: boolean
}

export function addChain(cli: Cli): void {
  cli
    .command<Options>(
      'chain',
      [
        ['chain --start', 'from the next event on, each carries the hash of the one before it'],
        [
          'chain',
          '<number>:<hash> of the last event, for verify --anchor later; exit code 3 if the chain is broken',
        ],
      ],
      async (frame, _, { start = false }) => {
        const chain = await withStore(
          frame,
          async (store) => {
            if (start) await store.startChain(frame.queue)
            return checkChain(frame, store)
          },
          start ? 'make' : 'refuse',
        )
        if (chain === null) {
          const text = 'this queue keeps no hash chain; begin one: interlock chain --start'
          return frame.emit({ queue: frame.queue, from: null, anchor: null, bad: null }, text)
        }
        const { from, bad } = chain
        const anchor = bad === null ? `${chain.version}:${chain.head}` : null
        frame.emit({ queue: frame.queue, from, anchor, bad }, textOf(chain, anchor))
        if (bad !== null) throw new FoundSomething()
      },
    )
    .option('--start', 'begin the chain; a queue that has one keeps it')
}

function textOf({ from, version, bad }: Chain, anchor: string | null): string {
  if (bad !== null) return `broken at event ${bad.seq}: ${bad.what}`
  return `${plural(version - from, 'event')} on the chain, which holds\nanchor ${anchor}`
}
