import { firstValueFrom, take, toArray } from 'rxjs'
import { type Coordinator, createCoordinator, silentLogger } from '../../../engine/coordinator/index.ts'
import type { JobType } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { eventDetail } from '../../../tools/format/event-text.ts'
import { clip, models } from '../../../tools/format/index.ts'
import { inLineOrder } from '../../../tools/history/documents.ts'
import { table } from '../terminal/table.ts'
import type { Narrator } from './narrator.ts'

/** A job that a scenario starts. */
interface Actor {
  readonly jobId: string
  readonly jobType: JobType
  readonly models: readonly string[]
}

interface Scenario {
  readonly title: string
  readonly story: string
  readonly first: Actor
  readonly second: Actor
  /** The code with which the second one is refused. */
  readonly code: string
}

const normal = (jobId: string, model: string): Actor => ({ jobId, jobType: 'normal', models: [model] })

/** The three scenarios from the specification of the first coordinator. */
const scenarios: readonly Scenario[] = [
  {
    title: 'Two jobs, one model',
    story: 'Job A runs on motion-2.0-fast. Job B needs the same model.',
    first: normal('A', 'motion-2.0-fast'),
    second: normal('B', 'motion-2.0-fast'),
    code: 'model_in_use',
  },
  {
    title: 'A workflow, and a job that shares one of its models',
    story: 'Workflow W1 holds the models of all its steps until it has ended.',
    first: { jobId: 'W1', jobType: 'workflow', models: ['nano-banana-pro', 'motion-2.0-fast'] },
    second: normal('N1', 'motion-2.0-fast'),
    code: 'model_in_use',
  },
  {
    title: 'One job at a time',
    story: 'Nothing in common, but a new queue runs one job at a time, first come, first served.',
    first: normal('A', 'flux-dev'),
    second: normal('B', 'minimax/video-01'),
    code: 'serialized',
  },
]

export async function tellScenarios(narrator: Narrator, store: LogStore): Promise<void> {
  for (const [index, scenario] of scenarios.entries()) {
    const queue = `scenario-${index + 1}`
    const coordinator = await createCoordinator({ store, queue, logger: silentLogger })
    try {
      await tellScenario(narrator, store, coordinator, scenario)
    } finally {
      await coordinator.close()
    }
  }
}

async function tellScenario(
  narrator: Narrator,
  store: LogStore,
  coordinator: Coordinator,
  { title, story, first, second, code }: Scenario,
): Promise<void> {
  narrator.chapter(title)
  narrator.say(`   ${story}`)
  // Subscribers hear of jobs that were refused and have started since.
  const started = firstValueFrom(coordinator.ready$.pipe(take(1), toArray()))
  const one = await ask(narrator, coordinator, first)
  const two = await ask(narrator, coordinator, second)
  await showTables(narrator, store, coordinator.queue)
  const refused = !two.allowed && two.code === code && two.blockedBy[0] === first.jobId
  narrator.claim(one.allowed && refused, `${second.jobId} waits (${code}), and its row says for which job`)
  await coordinator.onJobComplete(first.jobId, first.jobType)
  narrator.step(
    `onJobComplete('${first.jobId}')`,
    `${first.jobId} has ended; nobody asks for ${second.jobId}`,
  )
  const [attempt] = await started
  const again = await coordinator.onJobStart(second.jobId, second.jobType, second.models)
  await showTables(narrator, store, coordinator.queue)
  narrator.claim(
    attempt?.lease.jobId === second.jobId && again.allowed,
    `${second.jobId} started by itself, in the append that ended ${first.jobId}`,
  )
  await coordinator.onJobComplete(second.jobId, second.jobType)
}

async function ask(narrator: Narrator, coordinator: Coordinator, { jobId, jobType, models }: Actor) {
  const answer = await coordinator.onJobStart(jobId, jobType, models)
  const { green, yellow } = narrator.frame.colors
  narrator.step(
    `onJobStart('${jobId}', '${jobType}', [${models.map((name) => `'${name}'`).join(', ')}])`,
    answer.allowed
      ? `${green('allowed')}, fencing token ${answer.lease?.fencingToken}`
      : `${yellow('not allowed')}: ${answer.reason}`,
  )
  return answer
}

const TAIL = 4

/** Shows what the three tables contain at this moment. */
async function showTables(narrator: Narrator, store: LogStore, queue: string): Promise<void> {
  const { dim } = narrator.frame.colors
  const projection = await store.projection(queue)
  if (projection === null) return
  const { state, jobs } = projection
  const small = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
    table(head, rows, { heading: dim, indent: '      ' })
  const active = state.active_job_id ?? 'null'
  narrator.say(['', dim('    job_queue_state')])
  narrator.say(
    small(
      ['status', 'active_job_id', 'active_models', 'waiting_count'],
      [[state.status, active, clip(models(state.active_models), 36), state.waiting_count]],
    ),
  )
  if (jobs.length > 0) {
    narrator.say(dim('    job_queue_jobs'))
    const rows = jobs
      .toSorted(inLineOrder)
      .map((job) => [
        job.job_id,
        job.state,
        job.blocked_by_job_id ?? 'null',
        clip(job.conflict_reason?.split(':')[0] ?? 'null', 30),
      ])
    narrator.say(small(['job_id', 'state', 'blocked_by_job_id', 'conflict_reason'], rows))
  }
  narrator.say(dim('    job_queue_log, its end'))
  const { events } = await store.read(queue, Math.max(0, state.version - TAIL), TAIL)
  const rows = events.map((event) => [
    event.seq,
    event.type,
    'jobId' in event ? event.jobId : '',
    clip(event.type === 'started' ? `start ${event.attempt}` : eventDetail(event), 40),
  ])
  narrator.say(small(['seq', 'event_type', 'job_id', ''], rows))
}
