import { type AnyStateMachine, transition } from 'xstate'
import {
  type JobLaw,
  type JobState,
  type JobTarget,
  jobStates,
  type Ledger,
  outcomes,
  type QueueLaw,
  type QueueState,
  queueStates,
  type RecordedEvent,
  type Variant,
  variantOf,
  variants,
} from '../src/engine/core/index.ts'
import { coordinatorMachine } from './coordinator.machine.ts'
import { jobMachine } from './job.machine.ts'

/** The token of the running attempt while the law of a job is compiled, and another token. */
const TOKEN = 7
const STALE = 6

/**
 * The machine of a queue as a table: where each event leads in each state, with no, one, or more active jobs. An event that is
 * not there is refused. XState itself is asked, so guards and inner states count as they run.
 * @throws Error if a guard asks the ledger for anything but the number of active jobs
 */
export function compileQueueLaw(machine: AnyStateMachine): QueueLaw {
  const still = withoutActions(machine)
  return table(queueStates, (state) =>
    table(variants, (variant) => {
      const targets = [0, 1, 2].map((size) => {
        const context = { ledger: ledgerWith(size) }
        return pathAfter(still, state, context, sampleOf(variant)) as QueueState | null
      })
      const [first] = targets
      return targets.every((target) => target === first) ? (first ?? null) : targets
    }),
  ) as QueueLaw
}

/**
 * The machine of a job as a table: where each event leads in each state. The ledger knows live jobs only, so all states of a job that is not live count as one.
 * @throws Error if they do not accept the same events
 */
export function compileJobLaw(machine: AnyStateMachine): JobLaw {
  const still = withoutActions(machine)
  const rowOf = (path: string) =>
    table(variants, (variant) => {
      const context = { seq: 9, attempt: 1, token: TOKEN, workerId: 'w' }
      const target = pathAfter(still, path, context, sampleOf(variant))
      return target === null ? null : targetOf(target)
    })
  const [first = {}, ...others] = [
    'absent',
    'bypassed',
    'deduplicated',
    ...outcomes.map((end) => `ended.${end}`),
  ].map(rowOf)
  if (others.some((row) => JSON.stringify(row) !== JSON.stringify(first))) {
    throw new Error('the machine of a job accepts different events in states in which the job is not live')
  }
  const live = table(jobStates, (state) => rowOf(pathOf(state)))
  return { not_live: first, ...live } as JobLaw
}

/** The next leaf state by XState's own rules; null if it accepts no such event. */
function pathAfter(
  machine: AnyStateMachine,
  path: string,
  context: object,
  event: RecordedEvent,
): string | null {
  const [outer = '', inner] = path.split('.')
  const snapshot = machine.resolveState({ value: inner === undefined ? outer : { [outer]: inner }, context })
  if (!snapshot.can(event)) return null
  const [{ value }] = transition(machine, snapshot, event)
  return typeof value === 'string'
    ? value
    : (Object.entries(value as Record<string, string>)[0]?.join('.') ?? null)
}

/** The law is where the arrows lead. What the action does to the ledger does not matter here. */
function withoutActions(machine: AnyStateMachine): AnyStateMachine {
  return machine.provide({ actions: { evolve: () => {} } })
}

/** A guard that asked for more would make the law depend on something that the table does not have. */
function ledgerWith(active: number): Ledger {
  return new Proxy({ active: { size: active } } as unknown as Ledger, {
    get(ledger, key) {
      if (key === 'active') return ledger.active
      throw new Error(
        `a guard of the queue asks the ledger for ${String(key)}; it may ask for active.size only`,
      )
    },
  })
}

/** An event of this kind. A machine ignores types that are not its own. */
function sampleOf(variant: Variant): RecordedEvent {
  const [type] = variant.split(' ')
  const runAt = variant.endsWith('for later') ? 2 : null
  const token = variant.endsWith('without attempt') ? null : variant.endsWith('stale') ? STALE : TOKEN
  const spec = { runAt, ...(variant.endsWith('after others') ? { after: 1 } : {}) }
  const event = sample({ type, token, runAt, spec, final: variant.includes('final') })
  if (variantOf(event, TOKEN) !== variant) throw new Error(`the sample of ${variant} is another event`)
  return event
}

const tokens = new Set(['completed', 'failed', 'cancelled', 'lease_expired', 'detached', 'model_released'])

function sample({ type, token, ...facts }: Record<string, unknown>): RecordedEvent {
  const own = tokens.has(String(type)) ? { token } : {}
  return { type, seq: 9, at: 1, jobId: 'j', workerId: 'w', ...own, ...facts } as unknown as RecordedEvent
}

function pathOf(state: JobState): string {
  return `${jobStates.indexOf(state) < jobStates.indexOf('running') ? 'waiting' : 'active'}.${state}`
}

function targetOf(path: string): JobTarget {
  return (path.split('.')[1] ?? path) as JobTarget
}

/** A table without the keys whose value is null. */
function table<Key extends string, Value>(keys: readonly Key[], made: (key: Key) => Value | null) {
  const entries = keys.map((key) => [key, made(key)] as const).filter(([, value]) => value !== null)
  return Object.fromEntries(entries) as Partial<Record<Key, Value>>
}

/** The module that the core reads both laws from. */
export function lawModule(): string {
  const lines = (law: object) =>
    Object.entries(law).map(([state, row]) => `  '${state}': {\n${entries(row)}  },\n`)
  return [
    '// Made by `npm run generate -- law` from machines/coordinator.machine.ts and machines/job.machine.ts: change those.\n',
    "import type { JobLaw, QueueLaw } from './variant.ts'\n\n",
    '/** Where an event leads a queue; as a list, with no, with one and with more active jobs (null: refused). */\n',
    `export const queueLaw: QueueLaw = {\n${lines(compileQueueLaw(coordinatorMachine)).join('')}}\n\n`,
    '/** Where an event leads a job. */\n',
    `export const jobLaw: JobLaw = {\n${lines(compileJobLaw(jobMachine)).join('')}}\n`,
  ].join('')
}

const entries = (row: object): string =>
  Object.entries(row)
    .map(([variant, target]) => `    '${variant}': ${textOf(target)},\n`)
    .join('')

const textOf = (target: unknown): string => JSON.stringify(target).replaceAll('"', "'").replaceAll(',', ', ')
