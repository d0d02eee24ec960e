import { calls, parseInput } from '../codec/index.ts'
import type { WorkflowConfig } from './api/calls.ts'
import type { Coordinator, TypedCoordinator } from './api/coordinator.ts'
import { type CoordinatorOptions, completeOptions } from './api/options.ts'
import { errorText, type Logger } from './base/logger.ts'
import { QueueProcess } from './queue-process.ts'

/**
 * Joins a queue: reads its log, registers this process and listens. A database that does not answer is tried again for
 * `joinMs`. Then this is refused with what it said last; under `onUnavailable: 'bypass'` the coordinator is made all the same,
 * and joins once it can.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator>
export async function createCoordinator<Payloads extends object>(
  options: CoordinatorOptions,
): Promise<TypedCoordinator<Payloads>>
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const process = new QueueProcess(completeOptions(options))
  await process.open()
  return checked(coordinatorOf(process))
}

/** What a program is given: each call is answered by the part of its process that knows. */
function coordinatorOf(process: QueueProcess): Coordinator {
  const { commands, gate, hints, member, observer, records } = process
  const { log, logger } = member
  return {
    queue: log.queue,
    logger,
    get workerId() {
      return member.workerId
    },
    getWorkflowModels: (config) => workflowModels(config, logger),

    onJobStart: (jobId, jobType, models, options = {}) => gate.start(jobId, jobType, models, options),
    takeUp: (jobId, options = {}) => gate.takeUp(jobId, options),
    onJobComplete: (jobId, jobType, options = {}) => gate.complete(jobId, jobType, options),
    ready$: gate.ready$,

    enqueue: (jobs) => commands.enqueue(jobs),
    claim: (claim) => commands.claim(claim),
    complete: (lease, options) => commands.complete(lease, options),
    fail: (lease, options) => commands.fail(lease, options),
    release: (...given) => commands.release(...given),
    detach: (lease, options) => commands.detach(lease, options),
    cancel: (jobId, options) => commands.cancel(jobId, options),
    confirmCancel: (lease, options) => commands.confirmCancel(lease, options),
    reprioritize: (jobId, to) => commands.reprioritize(jobId, to),
    setPolicy: (policy) => commands.setPolicy(policy),
    pauseModel: (model, options) => commands.pauseModel(model, options),
    resumeModel: (model) => commands.resumeModel(model),
    drain: () => commands.drain(),
    recover: () => commands.recover(),
    resume: () => commands.resume(),

    data: (jobIds) => records.data(jobIds),
    dataOf: (lease) => records.dataOf(lease),
    note: (lease, note) => records.note(lease, note),
    forget: (jobIds) => records.forget(jobIds),
    dead: (filter) => records.dead(filter),
    retryDead: (filter) => records.retryDead(filter),
    dropDead: (filter) => records.dropDead(filter),
    takeIn: ({ max }) => records.takeIn(max),

    explain: (jobId) => observer.explain(jobId),
    state: () => observer.state(),
    state$: observer.state$,
    events$: observer.events$,
    heard$: observer.heard$,
    eventsFrom: (after) => observer.eventsFrom(after),
    pullEvents: (after, options) => observer.pullEvents(after, options),
    waiting$: (jobId) => observer.waiting$(jobId),
    machine: (options) => observer.machine(options),
    health: () => observer.health(),
    metrics: () => observer.metrics(),

    attempt: (lease) => member.attempt(lease),
    heartbeat: (lease) => member.holds(lease),
    catchUp: () => member.catchUp(),
    now: () => log.now(),
    leaseLost$: member.leaseLost$,
    stopped$: member.stopped$,
    wake$: hints.wake$,
    intake$: hints.intake$,
    offering: (kinds, freeSlots) => {
      member.setCapacity(kinds, freeSlots)
      if (freeSlots > 0) hints.freed()
    },
    close: () => process.close(),
  }
}

type Method = (...given: unknown[]) => unknown

/** Calls that answer at once: a wrong argument is thrown, in place of a promise that rejects. */
const atOnce: ReadonlySet<string> = new Set([
  'getWorkflowModels',
  'attempt',
  'pullEvents',
  'machine',
  'offering',
])

/**
 * Has every call of a coordinator check what it is given, before it does anything: what comes from JavaScript may be anything.
 * What is right is handed on as it came.
 */
function checked(coordinator: Coordinator): Coordinator {
  for (const [name, schemas] of Object.entries(calls)) {
    const method = coordinator[name as keyof typeof calls] as Method
    const checks = Object.entries(schemas)
    const value: Method = (...given) => {
      try {
        for (const [at, [argument, schema]] of checks.entries()) parseInput(schema, given[at], argument)
      } catch (error) {
        if (atOnce.has(name)) throw error
        return Promise.reject(error)
      }
      return method(...given)
    }
    Object.defineProperty(coordinator, name, { value })
  }
  return coordinator
}

/** The models of all steps (`steps[].default_model`), in order, without duplicates; warns and names the steps that lack one. */
function workflowModels({ steps = [] }: WorkflowConfig, logger: Logger): readonly string[] {
  const models = new Set<string>()
  const missing: string[] = []
  for (const [i, step] of steps.entries()) {
    if (step.default_model) models.add(step.default_model)
    else missing.push(step.name ?? `step ${i + 1}`)
  }
  if (missing.length > 0) logger.warn(`[COORDINATOR] No default_model in: ${errorText(missing.join(', '))}`)
  return [...models]
}
