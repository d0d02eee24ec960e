import {
  attemptText,
  type Diagnosis,
  type JobRow,
  MICROS_PER_MS,
  type Micros,
  reasonTexts,
} from '../../../engine/core/index.ts'
import type { Submitted } from '../../../engine/store/index.ts'
import { duration, models, plural, timeText } from '../../../tools/format/index.ts'
import { type DiagnosedJob, standingOf, untilText } from '../../../tools/history/documents.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'

/** The first of `total` live jobs: how long each has waited, what its place adds to that, and what it waits for. */
export function queueText(
  frame: Frame,
  jobs: readonly DiagnosedJob[],
  total: number,
  now: Micros,
): readonly string[] {
  const { dim, green } = frame.colors
  const lines = jobs.map(({ row, diagnosis }) => [
    row.state === 'active' ? green('active') : 'waits',
    row.job_id,
    models(row.models),
    waitedOf(row, now),
    whyOf(row, diagnosis),
  ])
  const more = total > jobs.length ? [`${plural(total, 'live job')}, the first ${jobs.length} are shown`] : []
  const give = { models: 12, why: 20, job: 36 }
  return [...grid(frame, ['state', 'job', 'models', 'waited', 'why'], lines, { heading: dim, give }), ...more]
}

/** `4 min 10 s`, and with a priority of 5 at 60 s a level `4 min 10 s + 5 min 00 s`: the job with the largest sum goes first. */
function waitedOf(row: JobRow, now: Micros): string {
  if (row.state === 'active') return ''
  const { level, aheadSeconds } = standingOf(row)
  const ahead = Math.round(aheadSeconds * 1_000)
  const adds = ahead === 0 ? '' : ` ${ahead > 0 ? '+' : '−'} ${duration(Math.abs(ahead))}`
  return `${duration((now - row.queued_at) / MICROS_PER_MS)}${adds}${level === 0 ? '' : `, level ${level}`}`
}

/** The reason in a few words. `explain` prints the whole sentence. */
export function whyOf(row: JobRow, { code, blockedBy, until }: Diagnosis): string {
  const behind = blockedBy === null ? '' : `, behind ${blockedBy}`
  const model = row.blocked_on ?? 'a model'
  switch (code) {
    case null:
      return attemptText(row)
    case 'late':
      return `${attemptText(row)}, late: its worker missed its heartbeats`
    case 'lost':
      return `${attemptText(row)}, lost: its worker is gone`
    case 'overdue':
      return row.state === 'active' ? `${attemptText(row)}, overdue` : 'overdue: no process has recorded it'
    case 'waits_for_parents':
      return blockedBy === null ? 'what it comes after has ended' : `comes after ${blockedBy}`
    case 'not_due':
      return row.due_at === null ? 'between two attempts' : `due at ${timeText(row.due_at)}`
    case 'fits_no_place':
      return `${reasonTexts.fits_no_place.short} of ${model}`
    case 'model_paused':
      return `${model} is paused ${untilText(until)}`
    case 'rate_limited':
      return until === null ? reasonTexts.rate_limited.short : `over a rate until ${timeText(until)}${behind}`
    case 'fair_share_limit':
      return `${reasonTexts.fair_share_limit.short}${behind}`
    case 'model_in_use':
      return `${model} in use${behind}`
    case 'behind_in_line':
      return `${reasonTexts.behind_in_line.short} for ${model}${behind}`
    case 'serialized':
      return `${reasonTexts.serialized.short}${behind}`
    case 'at_capacity':
      return `${reasonTexts.at_capacity.short}${behind}`
    default:
      return reasonTexts[code].short
  }
}

/** The jobs that are not in line: those that nobody has decided, then those that were refused. */
export function submittedText(frame: Frame, { jobs }: Submitted, now: Micros): readonly string[] {
  const { dim, red } = frame.colors
  const lines = jobs.map(({ jobId, state, code, at, message }) => [
    state === 'refused' ? red('refused') : 'undecided',
    jobId ?? '—',
    duration((now - at) / MICROS_PER_MS),
    message === null ? submittedWhy[code === 'arrived' ? 'arrived' : 'undecided'] : `${code}: ${message}`,
  ])
  const give = { why: 20, job: 36 }
  return grid(frame, ['not in line', 'job', 'since', 'why'], lines, { heading: dim, give })
}

const submittedWhy = {
  undecided: 'submitted; any process of Interlock decides it',
  arrived: 'a row of jobs; a worker with intake takes it in',
} as const
