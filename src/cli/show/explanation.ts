import type { Explanation } from '../../core/index.ts'
import { clip, isoTime, isoTimeOrNull } from '../format.ts'
import type { Frame } from '../frame.ts'
import { facts, table } from '../terminal/table.ts'

/** Why a live job does not run, for programs: times as ISO texts. */
export const explanationDocument = ({ models, ...found }: Explanation) => ({
  ...found,
  models: models.map(({ paused, ...standing }) => ({
    ...standing,
    paused:
      paused === null
        ? null
        : { ...paused, since: isoTime(paused.since), until: isoTimeOrNull(paused.until) },
  })),
})

/** Why a live job does not run, for people. */
export function explanationText(frame: Frame, found: Explanation): string {
  const { dim, bold } = frame.colors
  const rows: [string, string][] = [
    ['job', `${bold(found.jobId)}, ${found.state}${found.code === null ? '' : ` (${found.code})`}`],
    ['why', found.reason],
  ]
  if (found.position !== null) rows.push(['place', `${found.position} ahead in the line of the queue`])
  if (found.chain.length > 0) rows.push(['waits for', found.chain.slice(0, 5).join(' ← ')])
  if (found.overtaken > 0) rows.push(['overtaken', `${found.overtaken} times`])
  rows.push(['to do', found.whatHasToHappen])
  if (found.models.length === 0) return facts(rows, dim)
  const standing = found.models.map(({ model, capacity, holders, ahead }) => [
    clip(model, 28),
    `${holders.length} of ${capacity}`,
    clip(holders.join(', ') || '—', 28),
    ahead,
  ])
  const heads = ['model', 'in use', 'held by', 'ahead']
  return `${facts(rows, dim)}\n\n${table(heads, standing, { heading: dim, right: [3] })}`
}
