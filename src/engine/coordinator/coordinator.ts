import { calls, checkKind, parseArguments, plainCalls } from '../events/index.ts'
import type { Telemetry } from '../store/index.ts'
import type { WorkflowConfig } from './api/calls.ts'
import type { Coordinator } from './api/coordinator.ts'
import { type CoordinatorOptions, completeOptions, type WholeOptions } from './api/options.ts'
import type { CoordinatorOf } from './api/typed.ts'
import { errorText, type Logger } from './base/logger.ts'
import { commandsOf } from './commands.ts'
import { vitalsOf } from './health.ts'
import { TakenIn } from './inbox/row-intake.ts'
import { recordsOf } from './job-records.ts'
import { NoEffects } from './no-effect.ts'
import { QueueProcess } from './queue-process.ts'
import { schedulesOf } from './schedules/calls.ts'

/**
 * Joins a queue: reads its log, registers this process and listens. If the database does not answer, it tries again for `joinMs`,
 * and then rejects with the last error. Under `onUnavailable: 'bypass'` you get the coordinator at once, and it joins as soon as
 * it can.
 * @throws InterlockError `invalid_input`, `not_migrated`, `database_older`, `database_newer`, `store_unavailable`, `store_in_use`
 */
export function createCoordinator<Contract = undefined>(
  options: CoordinatorOptions & { readonly contract?: Contract },
): Promise<CoordinatorOf<Contract>>
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const whole = completeOptions(options)
  const process = new QueueProcess(whole)
  await process.open()
  followed(process, whole.telemetry)
  return checked(coordinatorOf(process, whole))
}

/** What waits from here on is followed for traces, without a read. */
function followed({ member }: QueueProcess, telemetry: Telemetry | undefined): void {
  const { log } = member
  telemetry?.follow({
    queue: log.queue,
    workerId: () => member.workerId,
    ledger: () => member.ledger,
    now: () => log.now(),
    follow: (listener) => void log.replica.moves$.subscribe(listener),
  })
}

/** The coordinator for a program. Each call is answered by the part of the process that knows. */
function coordinatorOf(process: QueueProcess, options: WholeOptions): Coordinator {
  const { store, telemetry, contract, strict = false } = options
  const { gate, hints, member, queries } = process
  const { log, logger } = member
  const { see: _, noted: __, ...asked } = queries
  const taken = new TakenIn(process.incoming.rows)
  const effects = new NoEffects(member, strict)
  return {
    queue: log.queue,
    logger,
    telemetry,
    contract,
    get workerId() {
      return member.workerId
    },
    getWorkflowModels: (config) => workflowModels(config, logger),
    onJobStart: async (jobId, jobType, models, options = {}) => {
      if (contract?.schemas !== undefined) await checkKind(contract, { jobType, ...options }, 'options')
      const checked = effects.jobs([{ jobId, models, uses: options.uses }], () => 'options.')
      if (checked !== undefined) await checked
      effects.serves(options.serves)
      return gate.start(jobId, jobType, models, options)
    },
    takeUp: (jobId, options = {}) => gate.takeUp(jobId, options),
    onJobComplete: (jobId, jobType, options = {}) => gate.complete(jobId, jobType, options),
    ready$: gate.ready$,
    ...commandsOf(member, store, process.largeCalls, { telemetry, contract }, effects),
    ...recordsOf(member, store, taken),
    ...schedulesOf(process.schedules, (jobs, root) => effects.jobs(jobs, root), contract),
    ...asked,
    vitals: () => vitalsOf(member, taken),
    attempt: (lease) => member.starts.attempt(lease),
    completeIn: (sql, lease, options = {}) => process.ends.say(sql, lease, options),
    endCommitted: (lease, { claim } = {}) =>
      process.ends.of(lease, claim && { ...claim, kinds: claim.kinds ?? null }),
    heartbeat: (lease) => member.holds(lease),
    catchUp: () => member.catchUp(),
    now: () => log.now(),
    after: (ms, callBack) => log.after(ms, callBack),
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

/** Calls without a promise: they throw a wrong argument instead of rejecting. */
const atOnce: ReadonlySet<string> = new Set([
  'getWorkflowModels',
  'attempt',
  'pullEvents',
  'machine',
  'offering',
  'listSchedules',
  'previewSchedule',
])

/** Every call checks its input before it does anything: JavaScript may pass anything. Valid input is passed on unchanged. */
function checked(coordinator: Coordinator): Coordinator {
  for (const [name, schemas] of Object.entries(calls)) {
    const method = coordinator[name as keyof typeof calls] as Method
    const isPlain = plainCalls[name]
    const value: Method = (...given) => {
      if (isPlain?.(given) === true) return method(...given)
      try {
        parseArguments(schemas(), given)
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

/** The models of all steps (`steps[].default_model`), in order, without duplicates. Warns about steps without one. */
function workflowModels({ steps = [] }: WorkflowConfig, logger: Logger): readonly string[] {
  const models = new Set<string>()
  const missing: string[] = []
  for (const [i, step] of steps.entries()) {
    if (step.default_model) models.add(step.default_model)
    else missing.push(step.name ?? `step ${i + 1}`)
  }
  if (missing.length > 0)
    logger.warn(`[COORDINATOR] No default_model in: ${errorText(missing.join(', '))}`, {
      event: 'workflow.no_model',
    })
  return [...models]
}
