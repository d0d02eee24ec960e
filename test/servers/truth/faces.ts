/** What each face says of a job, in one word or two: its state, and the code of what keeps it. */

import { setImmediate } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { createDashboard, type Grant } from '../../../src/apps/dashboard/index.ts'
import { checkIds, checks, isInterlockError } from '../../../src/engine/core/index.ts'
import { examine } from '../../../src/tools/doctor/index.ts'
import { explain, queue, status } from '../../../src/tools/operate/index.ts'
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

/** Of those that are told after some seconds each face may look at another one. */
const isListed = (id: string): boolean =>
  aboutJobs.has(id) && id in checks && id !== 'offered' && id !== 'busy'

const listed = (wrong: readonly { readonly id: string; readonly level: string }[]): readonly string[] =>
  [...new Set(wrong.flatMap(({ id, level }) => (isListed(id) ? [`${level} ${id}`] : [])))].toSorted()

/** As `listed` has it, from the cell of the doctor. */
export const listedIn = (cell: string): readonly string[] =>
  listed(
    cell
      .split(', ')
      .map((each) => each.split(' '))
      .map(([level = '', id = '']) => ({ level, id })),
  )

/** What is wrong, by each face that reads the list, and under which code the figures count the job. */
export interface Listed {
  readonly status: readonly string[]
  readonly health: readonly string[]
  /** Dead letters have a counter. */
  readonly metrics: readonly string[]
  /** As its owner is told. */
  readonly place: string
  readonly counted: readonly string[]
}

export async function askList(scene: Scene, jobId: string): Promise<Listed> {
  const { store, queue } = scene
  const { wrong } = await status({ store, queue })
  return onPage(scene, async (get) => {
    const health = (await (await get('health')).json()) as { wrong: Parameters<typeof listed>[0] }
    const place = await get(`jobs/${jobId}/position`)
    const figures = await eventualFigures(get)
    return {
      status: listed(wrong ?? []),
      health: listed(health.wrong),
      metrics: listed(
        figures('wrong').map(({ labels: { check = '', level = '' } }) => ({ id: check, level })),
      ),
      place: place.status === 200 ? cell((await place.json()) as Told) : SILENT,
      counted: figures('jobs').map(({ labels: { code = '' } }) => code),
    }
  })
}

type Get = (path: string) => Promise<Response>

/** Figures that are not 0, once the database was asked. */
async function eventualFigures(get: Get) {
  for (;;) {
    const text = await (await get('metrics')).text()
    if (!text.includes('interlock_queue_wrong{')) {
      await setImmediate()
      continue
    }
    return (name: string) =>
      [...text.matchAll(new RegExp(`^interlock_queue_${name}\\{(.*)\\} [1-9]`, 'gm'))].map(
        ([, labels = '']) => ({
          labels: Object.fromEntries(
            [...labels.matchAll(/(\w+)="(\w*)"/g)].map(([, key, value]) => [key, value]),
          ) as Readonly<Record<string, string>>,
        }),
      )
  }
}

/** @param grant who asks */
export async function onPage<Of>(
  { store, queue }: Pick<Scene, 'store' | 'queue'>,
  ask: (get: Get) => Promise<Of>,
  grant: Grant = { actor: 'ann', role: 'viewer' },
): Promise<Of> {
  const dashboard = createDashboard({
    store,
    queues: [queue],
    authorize: () => grant,
  })
  const { get } = clientOf(dashboard)
  const answerOf = async (path: string): Promise<Response> => {
    const answer = await get(path)
    // The database did not answer in time, and the page says when to ask again.
    return answer.status === 503 ? answerOf(path) : answer
  }
  try {
    return await ask((path) =>
      answerOf(
        path === 'metrics'
          ? '/metrics'
          : `/api/queues/${queue}${path === '' || path.startsWith('/') ? path : `/${path}`}`,
      ),
    )
  } finally {
    await dashboard.close()
  }
}

async function doctorSays({ store, queue }: Scene): Promise<string> {
  const { findings } = await examine({ store, queue })
  const own = findings.filter(({ check }) => aboutJobs.has(check))
  return [...new Set(own.map(({ level, check }) => `${level} ${check}`))].join(', ') || SILENT
}

const dashboardSays = (scene: Scene, jobId: string): Promise<string> =>
  onPage(scene, async (get) => {
    const answer = await get(`jobs/${jobId}`)
    const { explanation, error } = (await answer.json()) as { explanation?: Told; error?: { code: string } }
    if (explanation !== undefined) return cell(explanation)
    return error?.code === 'job_not_live' ? 'unknown' : String(error?.code)
  })

async function sqlSays(scene: Scene, jobId: string): Promise<string> {
  const place = (await scene.value('select job_queue_explain($1, $2)', [jobId, scene.queue])) as
    | (Told & { readonly needs?: string | null })
    | null
  if (place === null) return SILENT
  return place.needs == null ? cell(place) : `${cell(place)} needs ${place.needs}`.trim()
}
