/** For any ledger, an event of every kind that could come next, well formed but for what the law has to say about it. */
import type * as Core from '../../../src/engine/core/index.ts'
import type { Event, Job, Ledger, RecordedEvent, Schedule } from '../../../src/engine/core/index.ts'
import {
  debounced,
  doubled,
  failed,
  leaseExpired,
  linked,
  moved,
  queued,
  requeued,
  scheduleSet,
  started,
  waits,
  withParent,
} from '../../fast/machine/story.ts'

export function forgeries(core: typeof Core, ledger: Ledger): readonly RecordedEvent[] {
  const fateOf = (job: Job) =>
    ledger.flows.get(job)?.failedBy ?? (ledger.flows.get(job)?.settledAt ? 'free' : '')
  const jobs = new Map([...ledger.jobs].map((job) => [`${core.jobStateOf(job)} ${fateOf(job)}`, job]))
  const events = [
    ...ofQueue(ledger),
    ...ofStranger(),
    ...[...jobs.values()].flatMap((job) => [...ofJob(job), ...ofFlow(ledger, job)]),
  ]
  return events.map((event) => ({
    ...event,
    seq: ledger.version + 1,
    at: timeOf(event, ledger),
    commandId: 'forged',
    commandHash: 1,
  }))
}

/** Where it leads, or that it is refused. */
export function verdictOf(core: typeof Core, ledger: Ledger, event: RecordedEvent): string {
  try {
    const after = core.evolve(ledger, event)
    const job = 'jobId' in event ? core.jobOf(after, event.jobId) : undefined
    return `${core.queueStateOf(after)}/${job === undefined ? '-' : core.jobStateOf(job)}`
  } catch (error) {
    if (core.isInterlockError(error, 'corrupt_log')) return 'refused'
    throw error
  }
}

const later = (ledger: Ledger): number => ledger.lastAt + 1

/** Late enough for what waits for a time, unless that time never comes. */
function timeOf(event: Event, ledger: Ledger): number {
  if (event.type !== 'due' && event.type !== 'expired') return later(ledger)
  return ledger.lastAt + 10 ** 15
}

const ofQueue = ({ policy, epoch, pauses, schedules, servers, propagating }: Ledger): readonly Event[] => [
  scheduleSet('unheard of'),
  ...[...schedules].flatMap(ofSchedule),
  ...[...pauses].slice(0, 1).map(({ model }): Event => ({ type: 'model_resumed', model })),
  { type: 'policy_changed', policy },
  { type: 'model_paused', model: 'unheard of', reason: 'by_hand', until: null },
  { type: 'drain_requested' },
  { type: 'drained' },
  { type: 'resumed' },
  { type: 'epoch_changed', epoch: epoch + 1 },
  { type: 'voided', of: 1 },
  { type: 'worker_serves', workerId: 'w9', places: ['host1:*'] },
  ...servers.slice(0, 1).map(({ worker }): Event => ({ type: 'worker_gone', workerId: worker })),
  { type: 'end_propagated', parent: propagating.min()?.jobId ?? 'stranger' },
]

const ofSchedule = ({ schedule, next }: Schedule): readonly Event[] => [
  { type: 'schedule_removed', schedule },
  { type: 'schedule_paused', schedule },
  { type: 'schedule_resumed', schedule, next: 2 ** 51 },
  { type: 'schedule_skipped', schedule, due: next ?? 1, next: null, reason: 'missed' },
]

const ofStranger = (): readonly Event[] => [
  queued('stranger', 'unheard of'),
  queued('stranger', 'unheard of', { runAt: Number.MAX_SAFE_INTEGER }),
  queued('stranger', 'unheard of', { after: 1 }),
  { type: 'bypassed', jobId: 'stranger', jobType: 'normal' },
  doubled('stranger'),
  ...ofAny('stranger', 1),
]

function ofJob({ jobId, spec, token, attempt, workerId, gaveBack }: Job): readonly Event[] {
  const [model = 'unheard of'] = spec.models
  const held = spec.models.find((name) => gaveBack?.some((given) => given.model === name) !== true)
  return [
    queued(jobId, 'unheard of'),
    { type: 'bypassed', jobId, jobType: 'normal' },
    doubled(jobId),
    { ...started(jobId, model, attempt + 1), models: spec.models } as Event,
    ...[token, token + 1].flatMap((named) => ofAny(jobId, named, workerId ?? 'nobody', held)),
  ]
}

/** What becomes of a job that waits for others. */
const ofFlow = ({ flows }: Ledger, job: Job): readonly Event[] => [
  { type: 'released', jobId: job.jobId, runAt: null },
  { type: 'released', jobId: job.jobId, runAt: Number.MAX_SAFE_INTEGER },
  withParent(job.jobId, flows.get(job)?.failedBy ?? 'gone'),
]

const ofAny = (jobId: string, token: number, workerId = 'nobody', model = 'm'): readonly Event[] => [
  waits('blocked', jobId),
  waits('conflict', jobId),
  { type: 'completed', jobId, token },
  failed(jobId, token, true),
  failed(jobId, token, false),
  { ...leaseExpired(jobId, token, true), workerId } as Event,
  { ...leaseExpired(jobId, token, false), workerId } as Event,
  { type: 'detached', jobId, token, until: Number.MAX_SAFE_INTEGER },
  { type: 'model_released', jobId, token, model },
  { type: 'cancel_requested', jobId },
  { type: 'cancelled', jobId, token },
  { type: 'cancelled', jobId, token: null },
  { type: 'expired', jobId },
  debounced(jobId),
  debounced(jobId, Number.MAX_SAFE_INTEGER),
  requeued(jobId),
  requeued(jobId, Number.MAX_SAFE_INTEGER),
  { type: 'due', jobId },
  linked(jobId, ['gone'], 'completed'),
  { type: 'asked', jobId, asker: 'w1' },
  moved(jobId),
]
