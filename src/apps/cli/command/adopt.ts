import { invalidInput, manual } from '../../../engine/core/index.ts'
import type { AdoptableState } from '../../../engine/store/index.ts'
import { count, plural, timeText } from '../../../tools/format/index.ts'
import {
  adoptChosen,
  adoptDocument,
  type Candidate,
  type Choice,
  chosenBy,
  filterOf,
} from '../../../tools/operate/adopt.ts'
import type { Cli } from '../cli.ts'
import { alsoFails } from '../exit.ts'
import { NotFound } from '../failure.ts'
import { collect, wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import { withStore } from '../store.ts'
import { grid } from '../terminal/grid.ts'
import type { TextLines } from '../terminal/lines.ts'

interface Options {
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
        ['adopt --status running', 'rows with status running: stop their workers first'],
        ['adopt --job 4f1c --job 77ab --yes', 'these two, whatever their status'],
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
    .option('--limit <n>', 'only the oldest <n>, up to 10,000', '10000')
    .option('--yes', 'take them in')
    .addHelpText('after', alsoFails('a row of --job was not found'))
}

/** @throws InterlockError `invalid_input` */
function parseState(word: string): AdoptableState {
  if (word === 'pending' || word === 'running') return word
  throw invalidInput('--status takes pending or running')
}

const SHOWN = 20

/** For people, before anything is changed. */
function previewText(frame: Frame, choice: Choice): TextLines {
  const { totals, candidates, unknown } = choice
  if (totals === null) return `there is no table jobs that Interlock can use; see ${manual.yourTables}`
  const missing = missingLines(unknown)
  if (candidates.length === 0) return ['nothing to take in', ...missing]
  const others = Object.entries(totals).map(([state, n]) => `${count(n)} ${state}`)
  const able = candidates.filter(({ cannot }) => cannot === null).length
  return [
    `rows of jobs that are in no log: ${others.join(', ')}`,
    '',
    ...candidateTable(frame, candidates),
    ...missing,
    '',
    `nothing was changed; --yes takes in ${able === 1 ? 'this one' : `these ${count(able)}`}, in this order`,
  ]
}

function adoptedText({ candidates, unknown }: Choice, adopted: readonly string[]): TextLines {
  const left = candidates.filter(({ cannot }) => cannot !== null)
  return [
    `${plural(adopted.length, 'job')} taken in; workers with intake put them in line`,
    ...left.slice(0, SHOWN).map(({ row, cannot }) => `not taken in: ${row.jobId}: ${cannot}`),
    ...(left.length > SHOWN ? [`not taken in: ${count(left.length - SHOWN)} more`] : []),
    ...missingLines(unknown),
  ]
}

const missingLines = (jobIds: readonly string[]): readonly string[] =>
  jobIds.map(
    (jobId) =>
      `not found: ${jobId}: no row of this id has status pending or running, or the queue has the job already`,
  )

function candidateTable(frame: Frame, candidates: readonly Candidate[]): readonly string[] {
  const rows = candidates
    .slice(0, SHOWN)
    .map(({ row, cannot, beware }) => [
      row.jobId,
      row.state,
      row.since === null ? '' : timeText(row.since),
      row.models.map(String).join(', '),
      cannot === null ? (beware ?? '') : `cannot: ${cannot}`,
    ])
  const more = candidates.length > SHOWN ? [`… and ${count(candidates.length - SHOWN)} more`] : []
  const head = ['job', 'state', 'since', 'models', '']
  const give = { '': 30, models: 12, job: 36 }
  return [...grid(frame, head, rows, { heading: frame.colors.dim, give }), ...more]
}
