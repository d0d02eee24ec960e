import { MICROS_PER_MS, type Micros } from '../../../engine/core/index.ts'
import { count, duration, models, plural, timeText } from '../../../tools/format/index.ts'
import {
  type FoundJob,
  type FoundJobs,
  type FoundState,
  foundStates,
  stateOf,
} from '../../../tools/operate/find-jobs.ts'
import type { DiagnosedFound } from '../../../tools/operate/jobs.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'
import { whyOf } from './queue.ts'

/** The first of the jobs that were found. */
export function jobsText(
  frame: Frame,
  jobs: readonly DiagnosedFound[],
  { look, found, states, endedSince }: FoundJobs,
): readonly string[] {
  const total = found.length
  if (total === 0) return [noneText(states, endedSince)]
  const lines = jobs.map((job) => [...factsOf(frame, job, look.now), whyText(job)])
  const more =
    total > jobs.length ? [`${plural(total, 'job')}, the first ${count(jobs.length)} are shown`] : []
  const past = endedSince === null ? [] : [`ended jobs: only those that came since ${timeText(endedSince)}`]
  const heads = ['state', 'job', 'kind', 'models', 'for', 'why']
  const give = { models: 8, kind: 6, why: 20, job: 16 }
  return [...grid(frame, heads, lines, { heading: frame.colors.dim, give }), ...more, ...past]
}

/** Only what was looked for is said not to be there. */
function noneText(states: readonly FoundState[], endedSince: Micros | null): string {
  if (endedSince === null)
    return `no job that is ${states.join(' or ')} fits; of other states: --state ${foundStates.filter((state) => !states.includes(state)).join(', ')}`
  return `no such job; ended jobs are found only if they came since ${timeText(endedSince)}; for an older one: npx interlock-queue explain <job>`
}

/** Jobs that something is about to happen to. */
export function previewText(frame: Frame, jobs: readonly FoundJob[], now: Micros): readonly string[] {
  const lines = jobs.map((job) => factsOf(frame, job, now))
  const give = { models: 8, kind: 6, job: 16 }
  return grid(frame, ['state', 'job', 'kind', 'models', 'for'], lines, { heading: frame.colors.dim, give })
}

function factsOf({ colors }: Frame, job: FoundJob, now: Micros): readonly string[] {
  const { jobId, kind, models: needed } = job.spec
  const state = stateOf(job)
  const words: Partial<Record<FoundState, string>> = {
    active: colors.green('active'),
    waiting: 'waits',
    dead: colors.red('dead'),
  }
  return [words[state] ?? state, jobId, kind, models(needed), duration((now - job.since) / MICROS_PER_MS)]
}

const whyText = ({ row, diagnosis }: DiagnosedFound): string =>
  row === undefined ? diagnosis.reason : whyOf(row, diagnosis)
