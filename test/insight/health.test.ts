/** Is it healthy? Each check in a table: what is known, and what it says. */
import { describe, expect, it } from 'vitest'
import {
  type CommandBody,
  decide,
  defaultPolicy,
  emptyLedger,
  type JobSpec,
  type Ledger,
  specDefaults,
  type WorkerFact,
} from '../../src/engine/core/index.ts'
import { type HealthFacts, healthOf } from '../../src/tools/insight/queue-health.ts'

const SECOND = 1_000_000
const specOf = (jobId: string, models: readonly string[] = ['m'], kind = 'normal'): JobSpec => ({
  ...{ ...specDefaults, jobId, models, kind },
  jobType: 'normal',
})

/** A queue after these commands, each a second after the one before, without a process that claims. */
const after = (...bodies: readonly CommandBody[]): Ledger =>
  bodies.reduce((ledger, body, n) => {
    const command = { id: `c${n}`, hash: 0, workerId: 'w', body }
    return decide(ledger, [command], { now: (n + 1) * SECOND, deadWorkers: new Set() }).ledger
  }, emptyLedger)

const enqueue = (...specs: readonly JobSpec[]): CommandBody => ({ type: 'enqueue', specs })
const open: CommandBody = { type: 'set_policy', policy: { ...defaultPolicy, maxActive: null } }
const pause: CommandBody = { type: 'pause_model', model: 'm', reason: 'provider_down', until: null }
const worker = (state: 'live' | 'late' | 'dead', more: Partial<WorkerFact> = {}): WorkerFact => ({
  ...{ workerId: 'w', state, kinds: null, freeSlots: 1, release: '0.1.0' },
  ...more,
})
const [live, late, dead] = [worker('live'), worker('late'), worker('dead')]
const busy = worker('live', { freeSlots: 0 })
const python = worker('live', { release: 'python' })
const ofKind = (kind: string) => worker('live', { kinds: [kind] })
const nothing = { rows: 0, ageMs: null }
const outside = (more: Partial<NonNullable<HealthFacts['outside']>>) => ({
  outside: { behind: null, arrivals: nothing, inbox: nothing, ...more },
})
const waiting = enqueue(...Array.from({ length: 1_251 }, (_, n) => specOf(`j${n}`)))

/** A queue with one live process and nothing to do, at second 100, but for what is said. */
const facts = (but: Partial<HealthFacts>): HealthFacts => ({
  ...{ now: 100 * SECOND, ledger: emptyLedger, dead: 0, outside: null },
  workers: [live],
  ...but,
})

type Row = readonly [what: Partial<HealthFacts>, level: string, says: string, since?: number | null]
const at = (seconds: number) => ({ now: seconds * SECOND })
const workers = (...some: readonly WorkerFact[]) => ({ workers: some })

const table: Readonly<Record<string, readonly Row[]>> = {
  processes: [
    [{}, 'green', '1 process is alive'],
    [workers(live, live, dead), 'green', '2 processes are alive'],
    [workers(live, late), 'amber', '1 process of 2 missed the last heartbeat'],
    [workers(dead), 'amber', 'no process is alive; there is nothing to do'],
    [{ ...workers(), ledger: after(waiting) }, 'red', 'no process is alive: 1,251 jobs wait'],
    [
      { ...workers(python), ledger: after(waiting) },
      'red',
      'no process that decides is alive: 1,251 jobs wait',
    ],
    [
      { ...workers(dead), ...outside({ arrivals: { rows: 1, ageMs: 5 } }) },
      'red',
      'no process is alive: 1 that came in is undecided',
    ],
    [
      { ...workers(), ledger: after(enqueue({ ...specOf('a'), runAt: 900 * SECOND })) },
      'amber',
      'no process is alive; there is nothing to do',
    ],
  ],
  startable: [
    [{}, 'green', 'no job that may start is left waiting'],
    [{ ledger: after(enqueue(specOf('a'))), ...at(5) }, 'green', '1 job may start'],
    [
      { ledger: after(enqueue(specOf('a'))), ...at(20) },
      'amber',
      '1 job may start, and no process takes it',
      1,
    ],
    [
      { ledger: after(open, enqueue(specOf('a'), specOf('b', ['n']))) },
      'red',
      '2 jobs may start, and no process takes them',
      2,
    ],
    [
      { ledger: after(enqueue(specOf('a', ['m'], 'video'))), ...at(20), ...workers(ofKind('image')) },
      'red',
      '1 job may start, and no live process runs kind video',
      1,
    ],
    [
      { ledger: after(enqueue(specOf('a'))), ...at(20), ...workers(busy) },
      'green',
      '1 job may start, and all slots for kind normal are busy',
    ],
    [
      { ledger: after(enqueue(specOf('a'))), ...workers(busy) },
      'amber',
      '1 job may start, and all slots for kind normal are busy',
      1,
    ],
    [
      {
        ledger: after(open, enqueue(specOf('a'), specOf('b', ['n'], 'video'))),
        ...workers(ofKind('normal')),
      },
      'red',
      '2 jobs may start, and no live process runs kind video',
      2,
    ],
    [
      { ledger: after(enqueue(specOf('a')), { type: 'drain' }) },
      'green',
      'no job that may start is left waiting',
    ],
    [{ ledger: after(waiting, pause) }, 'green', 'no job that may start is left waiting'],
  ],
  intake: [
    [{}, 'green', 'all that came in is decided'],
    [outside({ arrivals: { rows: 2, ageMs: 900 } }), 'green', '2 rows of jobs came in'],
    [
      outside({ arrivals: { rows: 1_000, ageMs: 20_000 } }),
      'amber',
      '1,000 rows or more of jobs came in, and no process has decided',
      80,
    ],
    [
      outside({ arrivals: { rows: 2, ageMs: 20_000 }, inbox: { rows: 1, ageMs: 70_000 } }),
      'red',
      '2 rows of jobs and 1 command came in, and no process has decided',
      30,
    ],
    [{ outside: undefined }, 'unknown', 'what came in by SQL is not known'],
  ],
  paused: [
    [{}, 'green', 'no model is paused'],
    [{ ledger: after(pause) }, 'amber', 'model m is paused (provider_down)', 1],
    [{ ledger: after(waiting, pause) }, 'amber', 'model m is paused (provider_down): 1,251 jobs wait', 2],
    [
      { ledger: after(pause, { ...pause, model: 'n' } as CommandBody, enqueue(specOf('a'))) },
      'amber',
      '2 models are paused: 1 job waits',
      1,
    ],
  ],
  draining: [
    [{}, 'green', 'the queue is open'],
    [{ ledger: after({ type: 'drain' }) }, 'amber', 'the queue drains: nothing starts', 1],
    [
      { ledger: after(waiting, { type: 'drain' }) },
      'amber',
      'the queue drains: 1,251 jobs wait, and none starts',
      2,
    ],
    [
      { ledger: after(waiting, { type: 'recover' }) },
      'amber',
      'the queue drains, or was drained after a restore: 1,251 jobs wait, and none starts',
      2,
    ],
  ],
  dead: [
    [{}, 'green', 'no job failed for good in the last hour'],
    [{ dead: 1 }, 'amber', '1 job failed for good in the last hour'],
    [{ dead: 100 }, 'red', '100 jobs or more failed for good in the last hour'],
    [{ dead: undefined }, 'unknown', 'dead letters are not known'],
  ],
  projection: [
    [{}, 'green', 'no table of yours has to follow'],
    [outside({ behind: { events: 0, ageMs: null } }), 'green', 'your tables follow the log'],
    [outside({ behind: { events: 7, ageMs: 3_000 } }), 'green', 'your tables follow the log'],
    [
      outside({ behind: { events: 7, ageMs: 30_000 } }),
      'amber',
      'your tables are 7 events behind the log',
      70,
    ],
    [outside({ behind: { events: 1, ageMs: 90_000 } }), 'red', 'your tables are 1 event behind the log', 10],
    [{ outside: undefined }, 'unknown', 'whether your tables follow is not known'],
  ],
}

describe.each(Object.entries(table))('%s', (check, rows) => {
  it.each(rows.map((row) => ({ row })))('%#', ({ row: [but, level, what, since = null] }) => {
    const found = healthOf(facts(but)).checks.find((each) => each.check === check)
    expect({ level: found?.level, what: found?.what }).toEqual({ level, what })
    expect(found?.since == null ? null : Math.round(found.since / SECOND)).toBe(since)
  })
})

it.each<readonly [Partial<HealthFacts>, string]>([
  [{}, 'green'],
  [{ outside: undefined }, 'unknown'],
  [{ outside: undefined, dead: 1 }, 'amber'],
  [{ dead: 1, ...workers(), ledger: after(waiting) }, 'red'],
])('is as healthy as the worst of its checks: %#', (but, level) => {
  expect(healthOf(facts(but)).level).toBe(level)
})
