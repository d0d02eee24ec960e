/** What each face says of a job, in one word or two: its state, and the code of what keeps it. */

import { stripVTControlCharacters } from 'node:util'
import { createDashboard } from '../../src/apps/dashboard/index.ts'
import { checkIds, isInterlockError } from '../../src/engine/core/index.ts'
import { examine } from '../../src/tools/doctor/index.ts'
import { explain, queue, status } from '../../src/tools/operate/index.ts'
import { interlock } from '../cli/support.ts'
import { clientOf } from '../dashboard/support.ts'
import type { Scene } from './scene.ts'

export const faces = ['explain', 'status', 'queue', 'top', 'doctor', 'dashboard', 'sql'] as const
export type Face = (typeof faces)[number]
export type Answers = Readonly<Record<Face | 'to do', string>>

/** It says nothing about this job. */
export const SILENT = '—'

interface Told {
  readonly jobId?: string
  readonly state?: string | null
  readonly code?: string | null
  readonly reason?: string
  readonly whatHasToHappen?: string
  readonly also?: readonly string[]
}

const cell = ({ state, code }: Told): string => [state, code].filter((word) => word != null).join(' ')

export async function askAll(scene: Scene, jobId: string): Promise<Answers> {
  const told = await explained(scene, jobId)
  return {
    explain: cell(told),
    status: await statusSays(scene, jobId),
    queue: await queueSays(scene, jobId),
    top: await topSays(scene, jobId, told),
    doctor: await doctorSays(scene),
    dashboard: await dashboardSays(scene, jobId),
    sql: await sqlSays(scene, jobId),
    'to do': [told.whatHasToHappen ?? '', ...(told.also ?? [])].join('; '),
  }
}

async function explained({ store, queue }: Scene, jobId: string): Promise<Told> {
  try {
    return (await explain({ store, queue }, jobId)) as Told
  } catch (error) {
    if (!isInterlockError(error, 'job_not_live')) throw error
    return { state: 'unknown' }
  }
}

interface Counts {
  readonly waitingCount: number
  readonly undecided?: { readonly commands: number; readonly rows: number } | null
  readonly refused?: { readonly commands: number; readonly rows: number } | null
}

/** Where a face counts only: what it counts of. */
function countsOf({ waitingCount, undecided, refused }: Counts): string {
  const both = (of: Counts['undecided']) => (of?.commands ?? 0) + (of?.rows ?? 0)
  const named = [
    [waitingCount, 'waiting'],
    [both(undecided), 'undecided'],
    [both(refused), 'refused'],
  ] as const
  return named.flatMap(([n, what]) => (n > 0 ? [`${n} ${what}`] : [])).join(', ') || SILENT
}

async function statusSays({ store, queue }: Scene, jobId: string): Promise<string> {
  const document = (await status({ store, queue })) as unknown as Counts & {
    readonly active: readonly Told[]
  }
  const own = document.active.find((job) => job.jobId === jobId)
  return own === undefined ? countsOf(document) : cell(own)
}

async function queueSays(scene: Scene, jobId: string): Promise<string> {
  const document = await queue({ store: scene.store, queue: scene.queue })
  const {
    jobs,
    submitted = [],
    refused = [],
  } = document as unknown as {
    readonly [list in 'jobs' | 'submitted' | 'refused']?: readonly Told[]
  }
  const own = [...(jobs ?? []), ...submitted, ...refused].find((job) => job.jobId === jobId)
  return own === undefined ? SILENT : cell(own)
}

/** As a person sees it, with room for every word. */
async function topSays({ url, queue }: Scene, jobId: string, told: Told): Promise<string> {
  const { stdout } = await interlock(['top', '--url', url, '--queue', queue], { columns: 500 })
  const text = stripVTControlCharacters(stdout)
  const row = text.split('\n').find((line) => new RegExp(`^( *[>\\d]+)* *${jobId} `).test(line))
  if (row === undefined) {
    const count = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(text)?.[1] ?? 0)
    const some = (what: string) => ({ commands: count(what), rows: 0 })
    return countsOf({
      waitingCount: count('waiting'),
      undecided: some('undecided'),
      refused: some('refused'),
    })
  }
  if (told.reason !== undefined && row.includes(told.reason)) return cell(told)
  const [fault] = /\b(lost|late|overdue)\b/.exec(row) ?? []
  return told.state === 'active' ? cell({ state: 'active', code: fault ?? null }) : row.trim()
}

/** Checks that are about jobs, and neither about the server nor about whether any process is alive: in most situations none is. */
const aboutJobs: ReadonlySet<string> = new Set(
  [...checkIds, 'waiting', 'adoptable'].filter((id) => id !== 'nobody' && id !== 'no_process'),
)

async function doctorSays({ store, queue }: Scene): Promise<string> {
  const { findings } = await examine({ store, queue })
  const own = findings.filter(({ check }) => aboutJobs.has(check))
  return [...new Set(own.map(({ level, check }) => `${level} ${check}`))].join(', ') || SILENT
}

async function dashboardSays({ store, queue }: Scene, jobId: string): Promise<string> {
  const dashboard = createDashboard({
    store,
    queues: [queue],
    authorize: () => ({ actor: 'ann', role: 'viewer' }),
  })
  try {
    const answer = await clientOf(dashboard).get(`/api/queues/${queue}/jobs/${jobId}`)
    const { explanation, error } = (await answer.json()) as { explanation?: Told; error?: { code: string } }
    if (explanation !== undefined) return cell(explanation)
    return error?.code === 'job_not_live' ? 'unknown' : String(error?.code)
  } finally {
    await dashboard.close()
  }
}

async function sqlSays(scene: Scene, jobId: string): Promise<string> {
  const place = (await scene.value('select job_queue_explain($1, $2)', [jobId, scene.queue])) as
    | (Told & { readonly needs?: string | null })
    | null
  if (place === null) return SILENT
  return place.needs == null ? cell(place) : `${cell(place)} needs ${place.needs}`.trim()
}
