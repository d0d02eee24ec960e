import { InterlockError } from '../../core/index.ts'
import { adoptChosen, adoptDocument, chosenBy, filterOf } from '../../operate/parts.ts'
import type { AdoptableState } from '../../port/index.ts'
import { adoptedText, previewText } from '../adopt/show.ts'
import type { Cli } from '../cli.ts'
import { NotFound } from '../failure.ts'
import { withStore } from '../store.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly status?: readonly string[]
  readonly job?: readonly string[]
  readonly limit: string
  readonly yes?: boolean
}

export function addAdopt(cli: Cli): void {
  cli
    .command<Options>(
      'adopt',
      [
        ['adopt', 'shows pending rows, the oldest first; changes nothing'],
        ['adopt --limit 20 --yes', 'the 20 oldest of them, in that order'],
        ['adopt --status running', 'rows that say running: stop their workers first'],
        ['adopt --job 4f1c --job 77ab --yes', 'these two, whatever they say'],
      ],
      async (frame, _, { status, job, limit, yes = false }) => {
        const filter = filterOf({
          states: status?.map(parseState),
          jobIds: job,
          limit: wholeNumber('--limit', limit, 1, 10_000),
        })
        await withStore(
          frame,
          async (store) => {
            const choice = await chosenBy(store, filter)
            const adopted = yes ? await adoptChosen(store, frame.queue, choice) : null
            const text = adopted === null ? previewText(frame, choice) : adoptedText(choice, adopted)
            frame.emit(adoptDocument(frame.queue, choice, adopted), text)
            if (choice.unknown.length > 0) throw new NotFound()
          },
          yes ? 'make' : 'pass',
        )
      },
    )
    .option('--status <state>', 'pending (the default) or running; may be repeated', collect)
    .option('--job <id>', 'this row; may be repeated', collect)
    .option('--limit <n>', 'the oldest so many, up to 10,000', '10000')
    .option('--yes', 'take them in')
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** @throws InterlockError `invalid_input` */
function parseState(word: string): AdoptableState {
  if (word === 'pending' || word === 'running') return word
  throw new InterlockError('invalid_input', '--status takes pending or running')
}
