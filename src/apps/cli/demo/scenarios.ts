import { firstValueFrom, take, toArray } from 'rxjs'
import { type Coordinator, createCoordinator, silentLogger } from '../../../engine/coordinator/index.ts'
import type { JobType } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import type { Narrator } from './narrator.ts'
import { showTables } from './tables.ts'

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
    `${second.jobId} was started by itself, in the append that ended ${first.jobId}`,
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
