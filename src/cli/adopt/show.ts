import { count, plural, timeText } from '../../format/index.ts'
import type { Candidate, Choice } from '../../operate/parts.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'

const SHOWN = 20

/** For people, before anything is changed. */
export function previewText(frame: Frame, choice: Choice): string {
  const { totals, candidates, unknown } = choice
  if (totals === null) return 'there is no table jobs that Interlock can use; see docs/migration-guide.md'
  const missing = missingLines(unknown)
  if (candidates.length === 0) return ['nothing to take in', ...missing].join('\n')
  const others = Object.entries(totals).map(([state, n]) => `${count(n)} ${state}`)
  const able = candidates.filter(({ cannot }) => cannot === null).length
  return [
    `rows of jobs that are in no log: ${others.join(', ')}`,
    '',
    candidateTable(frame, candidates),
    ...missing,
    '',
    `nothing was changed; --yes takes in ${able === 1 ? 'this one' : `these ${count(able)}`}, in this order`,
  ].join('\n')
}

export function adoptedText({ candidates, unknown }: Choice, adopted: readonly string[]): string {
  const left = candidates.filter(({ cannot }) => cannot !== null)
  return [
    `${plural(adopted.length, 'job')} taken in; workers with intake put them in line`,
    ...left.slice(0, SHOWN).map(({ row, cannot }) => `left alone: ${row.jobId}: ${cannot}`),
    ...(left.length > SHOWN ? [`left alone: ${count(left.length - SHOWN)} more`] : []),
    ...missingLines(unknown),
  ].join('\n')
}

const missingLines = (jobIds: readonly string[]): readonly string[] =>
  jobIds.map(
    (jobId) => `not found: ${jobId}: no row that says pending or running, or the queue knows it already`,
  )

function candidateTable(frame: Frame, candidates: readonly Candidate[]): string {
  const rows = candidates
    .slice(0, SHOWN)
    .map(({ row, cannot, beware }) => [
      row.jobId,
      row.state,
      row.since === null ? '' : timeText(row.since),
      row.models.map(String).join(', '),
      cannot === null ? (beware ?? '') : `cannot: ${cannot}`,
    ])
  const more = candidates.length > SHOWN ? `\n… and ${count(candidates.length - SHOWN)} more` : ''
  const head = ['job', 'state', 'since', 'models', '']
  return `${grid(frame, head, rows, { heading: frame.colors.dim, give: { '': 30, models: 12, job: 36 } })}${more}`
}
