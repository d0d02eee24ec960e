/**
 * Every command, said to people and to programs, and every answer over HTTP, word by word as kept in commands.txt and http.txt.
 * To keep what is said now: npm test -- test/servers/truth/commands.test.ts -u
 */
import { beforeAll, expect, it } from 'vitest'
import { createDashboard } from '../../../src/apps/dashboard/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { createDatabase } from '../../support/postgres-database.ts'
import { fileWith, interlock } from '../cli/support.ts'
import { clientOf, operator } from '../dashboard/support.ts'
import { commandNames } from '../docs/cli-page.ts'
import { digest, plain } from './plain.ts'

const jobs = `job_id,models,kind,tag,after
a,m,draw,first,
b,m;n,draw,first,
c,o,mail,,a;b?
`

/** One after the other, on a queue in which `past` has failed for good and `done` has completed. */
const typed = (file: string): readonly (readonly string[])[] => [
  ...[
    ['chain', '--start'],
    ['status'],
    ['queue'],
    ['jobs'],
    ['policy'],
    ['dead'],
    ['schedule'],
    ['log', '--limit', '5'],
  ],
  ['enqueue', file],
  ['enqueue', '--job', 'd', '--models', 'm', '--dedupe-key', 'k', '--dedupe-while', 'live'],
  ['enqueue', '--job', 'e', '--models', 'm', '--dedupe-key', 'k', '--dedupe-while', 'live'],
  ['enqueue', '--job', 'f', '--kind', 'mail', '--priority', '2', '--payload', '{"to":"ada"}'],
  ['enqueue', '--job', 'g', 'both', '--models', 'm'],
  ['quote', '--models', 'm;n'],
  ...[
    ['queue'],
    ['status'],
    ['jobs', '--state', 'waiting', '--state', 'dead', '--limit', '3'],
    ['jobs', '--model', 'o'],
  ],
  ...[
    ['jobs', '--payload', 'to=ada', '--since', '1h'],
    ['jobs', '--state', 'none'],
  ],
  ...[
    ['explain', 'b'],
    ['explain', 'past', '--data'],
    ['explain', 'nobody'],
    ['flow', 'c'],
    ['flow', 'c', '--mermaid'],
  ],
  ...[['dead'], ['dead', 'past'], ['dead', '--model', 'none']],
  ...[
    ['pause', 'm', '--reason', 'provider_down'],
    ['pause', 'm,n'],
    ['pause', 'o', '--for', 'soon'],
    ['pause', 'o', '--for', '1h'],
  ],
  ...[['status'], ['resume', 'm'], ['resume', 'o'], ['resume', 'o', '--strict'], ['drain'], ['resume']],
  ...[
    ['move', 'd', '--before', 'b'],
    ['move', 'd', '--priority', '3'],
    ['move', 'd'],
    ['move', '--tag', 'first', '--priority', '1', '--yes'],
  ],
  ...[
    ['cancel', 'd'],
    ['cancel', 'd'],
    ['cancel', 'd', '--tag', 'first'],
    ['cancel'],
    ['cancel', '--tag', 'first', '--descendants'],
  ],
  ...[
    ['cancel', '--tag', 'first'],
    ['cancel', '--tag', 'first', '--yes'],
    ['cancel', 'c', '--descendants'],
    ['cancel', '--tag', 'none', '--yes'],
  ],
  ...[
    ['retry', 'past'],
    ['retry', 'nobody'],
    ['cancel', 'past'],
    ['dead', '--drop'],
    ['delete'],
    ['delete', '--state', 'completed', '--yes'],
  ],
  [
    'policy',
    'set',
    '--policy',
    'by-model',
    '--max-active',
    '4',
    '--capacity',
    'm=2',
    '--rate',
    'n=5/60',
    '--hold',
    'm=120',
  ],
  ...[
    ['policy', 'set'],
    ['policy', 'set', '--capacity', 'm=zero'],
    ['policy', 'show'],
    ['policy', 'set', '--capacity', 'm=none', '--strict'],
  ],
  ...[
    ['schedule', 'list'],
    ['schedule', 'pause', 'nightly'],
    ['schedule', 'resume', 'nightly'],
    ['schedule', 'remove', 'nightly'],
  ],
  ...[
    ['log', '--limit', '4'],
    ['log', '--job', 'a'],
    ['log', '--type', 'cancelled'],
    ['replay'],
    ['replay', '--to', '3'],
  ],
  ...[['verify'], ['rebuild'], ['audit'], ['audit', '--markdown']],
  ...[['chain'], ['snapshot'], ['archive', '--before', '3'], ['recover'], ['adopt']],
  ...[
    ['migrate', '--check'],
    ['forget-operator', 'ada'],
    ['explain'],
    ['policy', 'set', '--wrong'],
    ['wrong'],
  ],
]

let url: string
let store: LogStore

async function prepared(of: LogStore, queue: string, isRunning = false): Promise<void> {
  const coordinator = await createCoordinator({ store: of, queue, logger: silentLogger })
  // How many events there are must not depend on how fast commands come one after the other.
  await coordinator.setPolicy({ offerMs: 600_000 })
  const end = async (jobId: string) => {
    await coordinator.enqueue([{ jobId, models: ['m'], payload: { of: jobId } }])
    const [claimed] = await coordinator.claim({ max: 1, kinds: null })
    return claimed?.lease as NonNullable<typeof claimed>['lease']
  }
  await coordinator.fail(await end('past'), { retryAt: null, error: { message: 'no' } })
  await coordinator.complete(await end('done'), { result: { ok: true } })
  if (isRunning) {
    await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['m'], payload: { secret: 1 } })))
    await coordinator.claim({ max: 1, kinds: null })
  }
  await coordinator.close()
}

async function say(queue: string, more: readonly string[]): Promise<readonly string[]> {
  await prepared(store, queue)
  const said: string[] = []
  const file = await fileWith('jobs.csv', jobs)
  for (const words of typed(file)) {
    const { stdout, stderr, code } = await interlock([...words, '--url', url, '--queue', queue, ...more])
    const told = plain(`${stdout}${stderr.replaceAll(/^/gm, '! ')}`)
      .replaceAll(file, 'jobs.csv')
      .replaceAll(queue, 'queue')
    said.push(
      `$ interlock ${words.join(' ').replaceAll(file, 'jobs.csv')}${code === 0 ? '' : `   -> ${code}`}\n${told.trimEnd()}`,
    )
  }
  return said
}

beforeAll(async () => {
  url = await createDatabase('commands', 'migrated')
  store = postgresStore(url)
  return () => store.close()
})

it('names every command', async () => {
  const others = [
    // What they say is of their moment, and has tests of its own.
    ...[
      'demo',
      'completion',
      'man',
      'run',
      'work',
      'schedule set',
      'schedule preview',
      'dashboard',
      'top',
      'stats',
      'what-if',
    ],
    ...['doctor', 'machine', 'inspect'],
  ]
  const said = new Set(typed('').map((words) => words.filter((word) => !word.startsWith('-')).join(' ')))
  const unsaid = (await commandNames()).filter(
    (name) => ![...said].some((each) => `${each} `.startsWith(`${name} `)),
  )
  expect(unsaid).toEqual(others)
})

it('says what is kept to people', async () => {
  await expect(`${(await say('people', [])).join('\n\n')}\n`).toMatchFileSnapshot('recorded/people.txt')
})

it('says what is kept to programs', async () => {
  await expect(`${(await say('programs', ['--json'])).join('\n\n')}\n`).toMatchFileSnapshot(
    'recorded/programs.txt',
  )
})

type Asked = readonly [address: string, body?: unknown]

const lever = (name: string, body: object): readonly Asked[] => [
  [`levers/${name}`, { ...body, preview: true }],
  [`levers/${name}`, body],
]
const change = (what: object, filter?: object): Asked => ['changes', { change: what, filter }]

/** On a queue with one job that runs (`a`), one that waits for it (`b`), one that has failed and one that has completed. */
const asked: readonly Asked[] = [
  ...['/api/me', '/api/queues', '/metrics', '/api/wrong'].map((address) => [address] as const),
  ...[
    '',
    'log?after=1&limit=2',
    'log?after=x',
    'search?since=1&until=4&type=queued',
    'search?since=soon',
    'chain',
    'health',
    'failures?since=1',
    'failures?since=x',
    'workers',
    'limits',
    'schedules',
    'snapshot',
  ].map((of) => [of] as const),
  ...[
    'jobs',
    'jobs?state=dead&limit=1',
    'jobs?state=none',
    'jobs?payload.secret=1',
    'jobs?until=soon',
    'jobs?stat=dead',
  ].map((of) => [of] as const),
  ...[
    'jobs/a',
    'jobs/b',
    'jobs/past',
    'jobs/none',
    'jobs/b/flow',
    'jobs/b/log',
    'jobs/b/position',
    'jobs/b/data',
  ].map((of) => [of] as const),
  ...['dead', 'dead?model=none', 'progress?jobs=a', 'none'].map((of) => [of] as const),
  ['quote', { models: ['m'] }],
  ['quote', { wrong: 1 }],
  ...lever('move', { jobId: 'b', before: 'a' }),
  ...lever('prioritize', { jobId: 'b', priority: 4 }),
  ...lever('pause-model', { model: 'm', reason: 'provider_down' }),
  ...lever('resume-model', { model: 'm' }),
  ...lever('capacity', { model: 'm', capacity: 2 }),
  ...lever('rate', { model: 'm', rate: { limit: 5, perSeconds: 60 } }),
  ...lever('policy', { policy: { maxActive: 4 } }),
  ...lever('drain', {}),
  ...lever('resume', {}),
  ...lever('cancel', { jobId: 'b' }),
  ...lever('cancel', { jobId: 'none' }),
  ...lever('retry', { jobIds: ['past'] }),
  ...lever('drop', { jobIds: ['past'] }),
  ['levers/cancel', { jobId: 1 }],
  ['levers/none', {}],
  change({ do: 'cancel' }, { kind: 'normal' }),
  change({ do: 'move', priority: 3 }),
  change({ do: 'delete' }, { states: ['completed'] }),
  change({ do: 'retry' }, { states: ['waiting'] }),
  change({ do: 'none' }),
  ['changes', {}],
]

it('says what is kept over HTTP', async () => {
  const own = memoryStore()
  const dashboard = createDashboard({ store: own, queues: ['default'], authorize: () => operator })
  const { get, post } = clientOf(dashboard)
  const said: string[] = []
  try {
    await prepared(own, 'default', true)
    for (const [address, body] of asked) {
      const path = address.startsWith('/')
        ? address
        : `/api/queues/default${address === '' ? '' : '/'}${address}`
      const answer = body === undefined ? await get(path) : await post(path, body)
      const text = plain((await answer.text()).replaceAll(/^(interlock_\S+) .*$/gm, '$1'))
      const told = text.length > 4_000 ? `${text.length} characters, ${digest(path.slice(1), text)}` : text
      said.push(
        `${body === undefined ? 'GET' : 'POST'} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}\n${answer.status} ${told.trimEnd()}`,
      )
    }
  } finally {
    await dashboard.close()
  }
  await expect(`${said.join('\n\n')}\n`).toMatchFileSnapshot('recorded/http.txt')
})
