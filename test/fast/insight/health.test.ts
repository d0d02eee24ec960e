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
} from '../../../src/engine/core/index.ts'
import { censusOf } from '../../../src/tools/insight/census.ts'
import { healthOf } from '../../../src/tools/insight/queue-health.ts'
import type { WrongFacts } from '../../../src/tools/insight/wrong-facts.ts'

type Facts = Omit<WrongFacts, 'census'>

const SECOND = 1_000_000
const specOf = (jobId: string, models: readonly string[] = ['m'], kind = 'normal'): JobSpec => ({
  ...{ ...specDefaults, jobId, models, kind },
  jobType: 'normal',
})

type Step = CommandBody | { readonly type: 'claim'; readonly serves: readonly string[] }

/** A queue after these commands, each a second after the one before, without a process that takes jobs. */
const after = (...steps: readonly Step[]): Ledger =>
  steps.reduce((ledger, step, n) => {
    const claim = 'serves' in step ? { max: 1, kinds: [], serves: step.serves } : undefined
    const body: CommandBody = 'serves' in step ? { type: 'claim' } : step
    const command = { id: `c${n}`, hash: 0, workerId: 'w', body, ...(claim && { claim }) }
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
const producer = worker('live', { kinds: [] })
const python = worker('live', { release: 'python' })
const ofKind = (kind: string) => worker('live', { kinds: [kind] })
const nothing = { rows: 0, ageMs: null }
const outside = (more: Partial<NonNullable<Facts['outside']>>) => ({
  outside: { behind: null, arrivals: nothing, inbox: nothing, submitted: [], ending: [], ...more },
})
const waiting = enqueue(...Array.from({ length: 1_251 }, (_, n) => specOf(`j${n}`)))

/** A queue with one live process and nothing to do, at second 100, but for what is said. */
const facts = (but: Partial<Facts>): WrongFacts => {
  const all = {
    ...{ now: 100 * SECOND, ledger: emptyLedger, dead: 0, outside: null, refused: undefined },
    workers: [live],
    ...but,
  }
  return { ...all, census: censusOf(all) }
}

type Row = readonly [what: Partial<Facts>, level: string, says: string, since?: number | null]
const at = (seconds: number) => ({ now: seconds * SECOND })
const workers = (...some: readonly WorkerFact[]) => ({ workers: some })

const cards = { m: ['h:0', 'h:1', 'h:2'] }
const placed = (more: object = {}): CommandBody => ({
  type: 'set_policy',
  policy: { ...defaultPolicy, maxActive: null, capacity: cards, ...more },
})
/** A process says which places it serves. */
const serving = (...serves: readonly string[]): Step => ({ type: 'claim', serves })
const held = (code: string, jobs: number, message: string | null = 'why') =>
  outside({ submitted: [{ code, jobs, jobId: 's', at: 90 * SECOND, message }] })

const table: Readonly<Record<string, readonly Row[]>> = {
  processes: [
    [{}, 'green', '1 process is alive, 1 of them runs jobs'],
    [workers(live, live, dead), 'green', '2 processes are alive, 2 of them run jobs'],
    [workers(live, late), 'red', '1 process of 2 missed the last heartbeat: w'],
    [workers(dead), 'amber', 'no process is alive; there is nothing to do'],
    [workers(producer), 'green', '1 process is alive, 0 of them run jobs'],
    [
      { ...workers(producer, dead), ledger: after(waiting), ...at(4) },
      'red',
      '1 process is alive, and none of them runs jobs, although some may start',
    ],
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
  possible: [
    [{}, 'green', 'each of 0 waiting jobs can start some day'],
    [{ ledger: after(waiting) }, 'green', 'each of 1,251 waiting jobs can start some day'],
    [
      {
        ledger: after(
          placed({ units: { 'h:0': { vram: 8 } } }),
          enqueue({ ...specOf('a'), asks: { m: { vram: 8 } } }),
          placed({ units: { 'h:0': { vram: 4 } } }),
        ),
        ...at(5),
      },
      'red',
      'job a: it needs 8 vram of one place; the most that one has is 4 on h:0',
      2,
    ],
    [
      {
        ledger: after(
          {
            ...open,
            policy: { ...defaultPolicy, uses: { tpm: { limit: 10, perSeconds: 60 } } },
          } as CommandBody,
          enqueue({ ...specOf('a'), uses: { tpm: 9 } }),
          {
            ...open,
            policy: { ...defaultPolicy, uses: { tpm: { limit: 5, perSeconds: 60 } } },
          } as CommandBody,
        ),
        ...at(5),
      },
      'red',
      'job a: it asks for 9 of tpm, and the policy never allows more than 5',
      2,
    ],
    [held('unknown_model', 3), 'red', '3 submitted jobs do not come into line, such as s: why', 90],
    [held('flow_cycle', 1), 'red', '1 submitted job does not come into line, such as s: why', 90],
    [held('invalid_input', 1), 'red', '1 submitted job does not come into line, such as s: why', 90],
    [held('parent_unknown', 1), 'amber', '1 submitted job does not come into line, such as s: why', 90],
    [held('job_exists', 1), 'green', 'each of 1 waiting job can start some day'],
    [held('undecided', 2, null), 'green', 'each of 2 waiting jobs can start some day'],
  ],
  places: [
    [{}, 'green', 'the policy names no places'],
    [
      { ledger: after(placed()) },
      'green',
      '3 places: no process names one that it serves, so who has said nothing serves all',
    ],
    [{ ledger: after(placed(), serving('h:*')) }, 'green', '3 places, all of them served or paused'],
    [
      { ledger: after(placed(), serving('h:0', 'h:1')) },
      'amber',
      'no live process serves h:2, where m could be: 1 of 3 places',
    ],
    [
      { ledger: after(placed(), serving('h:0', 'h:1'), waiting) },
      'red',
      'no live process serves h:2, where m could be: 1 of 3 places',
    ],
    [
      { ledger: after(placed(), serving('h:0', 'h:1'), { ...pause, model: 'h:2' } as CommandBody, waiting) },
      'green',
      '3 places, all of them served or paused',
    ],
    [
      { ledger: after(placed(), serving('h:O', 'h:1', 'h:2', 'h:0')) },
      'red',
      'process w serves h:O, and the policy has no such place; did you mean h:0?',
    ],
  ],
  startable: [
    [{}, 'green', 'no job that may start is left waiting'],
    [{ ledger: after(enqueue(specOf('a'))), ...at(5) }, 'green', '1 job may start'],
    [
      { ledger: after(enqueue(specOf('a'))), ...at(20) },
      'red',
      'job a of kind normal: it may start; no worker has taken it yet',
      1,
    ],
    [
      { ledger: after(open, enqueue(specOf('a'), specOf('b', ['n']))) },
      'red',
      'job a of kind normal: it may start; no worker has taken it yet; 1 more like it',
      2,
    ],
    [
      { ledger: after(enqueue(specOf('a', ['m'], 'video'))), ...at(20), ...workers(ofKind('image')) },
      'red',
      'job a of kind video: it may start, and no live worker has a handler for video (alive: w for image)',
      1,
    ],
    [{ ledger: after(enqueue(specOf('a'))), ...at(20), ...workers(busy) }, 'green', '1 job may start'],
    [
      { ledger: after(enqueue(specOf('a'))), ...workers(busy) },
      'amber',
      'job a of kind normal: it may start, and no worker for normal has a free slot',
      1,
    ],
    [
      {
        ledger: after(open, enqueue(specOf('a'), specOf('b', ['n'], 'video'))),
        ...workers(ofKind('normal')),
      },
      'red',
      'job b of kind video: it may start, and no live worker has a handler for video (alive: w for normal); and 1 more',
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
    [outside({ arrivals: { rows: 2, ageMs: 900 } }), 'green', '2 that came in wait for less than 15 s'],
    [
      outside({ arrivals: { rows: 1_000, ageMs: 20_000 } }),
      'red',
      '1,000 rows or more of jobs arrived, and no process takes any in',
      80,
    ],
    [
      outside({ arrivals: { rows: 2, ageMs: 20_000 }, inbox: { rows: 1, ageMs: 70_000 } }),
      'red',
      '2 rows of jobs arrived, and no process takes any in; and 1 more',
      80,
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
    [outside({ behind: { events: 7, ageMs: 30_000 } }), 'red', 'your tables are 7 events behind the log', 70],
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

it.each<readonly [Partial<Facts>, string]>([
  [{}, 'green'],
  [{ outside: undefined }, 'unknown'],
  [{ outside: undefined, dead: 1 }, 'amber'],
  [{ dead: 1, ...workers(), ledger: after(waiting) }, 'red'],
])('is as healthy as the worst of its checks: %#', (but, level) => {
  expect(healthOf(facts(but)).level).toBe(level)
})
