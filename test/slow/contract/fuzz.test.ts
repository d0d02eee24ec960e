// Slow: thousands of random commands, in memory and on PostgreSQL.
/** The reference store and PostgreSQL, given the same appends: right ones, repeated ones, late ones, ones of dead workers. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Command, InterlockError, projectionChanges } from '../../../src/engine/core/index.ts'
import type { AppendRequest, LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { migratedDatabase } from '../../servers/contract/support.ts'
import { arbitraryRun, type Step } from '../../support/commands.ts'
import { PATIENCE, runs } from '../../support/runs.ts'
import { type Turn, World } from '../../support/simulate.ts'

let sql: LogStore
beforeAll(async () => {
  sql = postgresStore(await migratedDatabase())
})
afterAll(() => sql.close())

const LONG_MS = 3_600_000
let queues = 0

/** One queue in both stores, which have to say the same of everything but the time. */
class Twins {
  readonly queue = `fuzz-${++queues}`
  readonly #memory = memoryStore()
  readonly #living = new Set<string>()

  async open(): Promise<void> {
    await this.both((store) => store.open(this.queue))
  }

  async both<T>(ask: (store: LogStore) => Promise<T>): Promise<T | string> {
    const [expected, found] = [await settled(() => ask(this.#memory)), await settled(() => ask(sql))]
    expect(withoutTimes(found)).toEqual(withoutTimes(expected))
    return expected
  }

  async register(workerId: string): Promise<void> {
    if (this.#living.has(workerId)) return
    this.#living.add(workerId)
    const beat = { queue: this.queue, workerId, kinds: null, freeSlots: 0, release: '0.1.0' }
    await this.both((store) => store.beat({ ...beat, ttlMs: LONG_MS, graceMs: 0 }))
  }

  /** What became of it: `ok`, the reason of a refusal, or the code of a failure. */
  async append(request: AppendRequest): Promise<string> {
    const answer = await this.both((store) => store.append(request))
    if (typeof answer === 'string') return answer
    return answer.ok ? 'ok' : answer.reason
  }

  async sameRows(): Promise<void> {
    await this.both((store) => store.read(this.queue, 0, 10_000))
    await this.both((store) => store.projection(this.queue))
  }
}

/** The code of a failure in place of an answer. */
async function settled<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof InterlockError) return error.code
    throw error
  }
}

/** What the clock of each store says is its own. */
function withoutTimes(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer ?? null, (key, value) =>
      key === 'now' || key === 'expiresAt' || key === 'overdue' ? undefined : value,
    ),
  )
}

const requestOf = (queue: string, { before, decision }: Turn): AppendRequest => ({
  queue,
  expectedVersion: before.version,
  expectedAt: before.lastAt,
  events: decision.events,
  changes: projectionChanges(before, decision.ledger, decision.touched),
})

/** Of somebody who knows another event under that number, or does not say which one. */
const byAnother = (request: AppendRequest): AppendRequest => ({
  ...request,
  expectedAt: (request.expectedAt ?? 0) + 1,
})
const byNumber = ({ expectedAt, ...request }: AppendRequest): AppendRequest => request

/** What else may come with a step, by its number of microseconds. */
const disturbances = [
  'none',
  'none',
  'twice',
  'none',
  'used id',
  'none',
  'late',
  'leave',
  'other log',
] as const

async function carryOut(steps: readonly Step[], seen: Set<string>): Promise<void> {
  const [world, twins] = [new World(), new Twins()]
  await twins.open()
  let last: Command | undefined
  for (const step of steps) {
    const also = disturbances[step.elapsed % disturbances.length]
    world.now = Date.now() * 1_000
    const turn = world.act(step)
    // One of four never says that it lives.
    if (step.worker % 4 !== 3) await twins.register(turn.command.workerId)
    const { queue } = twins
    const { workerId } = turn.command
    if (step.act.type === 'die' && also === 'leave') await twins.both((store) => store.leave(queue, workerId))
    if (turn.decision.events.length === 0) continue
    const request = requestOf(queue, turn)
    const { expectedVersion } = request
    const others =
      also === 'late'
        ? [{ ...byNumber(request), expectedVersion: Math.max(0, expectedVersion - 1) }]
        : also === 'twice'
          ? [request, { ...byNumber(request), expectedVersion: world.ledger.version }]
          : also === 'other log'
            ? [byAnother(request), { ...byAnother(request), expectedVersion: world.ledger.version + 1 }]
            : []
    if (also === 'other log') seen.add(await twins.append(byAnother(request)))
    const became = await twins.append(used(request, also === 'used id' ? last : undefined))
    if (became !== 'ok') world.ledger = turn.before
    else last = turn.command
    seen.add(became)
    for (const other of others) seen.add(await twins.append(other))
  }
  await twins.sameRows()
}

/** Under the id of a command that is in the log. */
function used(request: AppendRequest, by: Command | undefined): AppendRequest {
  if (by === undefined) return request
  return { ...request, events: request.events.map((event) => ({ ...event, commandId: by.id })) }
}

it('they answer alike, and have the same rows afterwards', { timeout: 4 * PATIENCE }, async () => {
  const seen = new Set<string>()
  const run = arbitraryRun({ minLength: 10, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(run, (steps) => carryOut(steps, seen)),
    { numRuns: runs(60) },
  )
  // Of the rest the contract tells.
  expect([...seen]).toEqual(
    expect.arrayContaining(['ok', 'version', 'log_went_back', 'known', 'dead_worker', 'invalid_input']),
  )
})

it('they have the new place of a job that the end of another one lets into the line', async () => {
  const wish = { kind: 'normal', priority: 0, delayMs: null, attempts: 1, expireMs: null, fairKey: null }
  const rest = { ...wish, dedupe: null, timeoutMs: 60_000 }
  const acts: readonly Step['act'][] = [
    { type: 'enqueue', wishes: [{ ...rest, id: 0, models: ['a'], after: [] }] },
    { type: 'enqueue', wishes: [{ ...rest, id: 1, models: ['b'], after: [{ id: 0, goesOn: false }] }] },
    { type: 'claim' },
    { type: 'complete', pick: 0, token: 'right' },
  ]
  const seen = new Set<string>()
  await carryOut(
    acts.map((act) => ({ act, elapsed: 0, worker: 0, claim: null })),
    seen,
  )
  expect([...seen]).toEqual(['ok'])
})
