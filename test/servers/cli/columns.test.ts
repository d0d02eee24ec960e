/** On a terminal of 80 columns no line is wider, whatever ids, models and kinds are called. */
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { commandGroups } from '../../../src/apps/cli/command/index.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { commandNames } from '../docs/cli-page.ts'
import { emptyQueue } from './history.ts'
import { interlock } from './support.ts'

const ID = 'report-2041-of-the-customer-acme-in-europe-for-november-2026'
const MODEL = 'a-model-with-the-long-name-that-its-provider-gave-it-v2.1-fast'
const KIND = 'render-the-pages-and-send-them-to-the-customer'

let url = ''
beforeAll(async () => {
  url = await emptyQueue()
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, name: 'night-shift-of-europe' })
  const job = (n: number) => ({
    ...{ jobId: `${ID}-${n}`, models: [MODEL, `${MODEL}-${n % 2}`], kind: KIND, attempts: 1 },
    ...{ fairKey: 'acme', payload: { prompt: 'a fox in the snow, '.repeat(8) } },
  })
  await coordinator.enqueue([job(0)])
  const [dead] = await coordinator.claim({ max: 1, kinds: null })
  if (dead !== undefined)
    await coordinator.fail(dead.lease, {
      error: new Error('the provider said that it is too busy. '.repeat(5)),
    })
  await coordinator.enqueue([1, 2, 3, 4].map(job))
  await coordinator.claim({ max: 1, kinds: null })
  await coordinator.setPolicy({ capacity: { [MODEL]: 2 }, rate: { [MODEL]: { starts: 1, perSeconds: 60 } } })
  await coordinator.pauseModel(`${MODEL}-1`, { reason: 'provider_down' })
  await coordinator.schedules(ID, [
    {
      id: KIND,
      cron: '30 2 * * *',
      tz: 'America/Argentina/ComodRivadavia',
      job: { models: [MODEL], kind: KIND },
    },
  ])
  await coordinator.close()
  await store.close()
})

/** The lines of a command that are wider than the terminal. */
async function wide(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await interlock([...words, '--url', url], { columns: 80 })
  return `${stdout}${stderr}`
    .split('\n')
    .map(stripVTControlCharacters)
    .filter((line) => line.length > 80)
}

/** Commands that go on until they are told to stop, or whose result is a file for other programs. */
const elsewhere = ['demo', 'work', 'dashboard', 'top', 'inspect', 'machine', 'completion', 'man']

const typed: readonly (readonly string[])[] = [
  ...[['status'], ['queue'], ['jobs'], ['jobs', '--state', 'dead'], ['dead'], ['log'], ['policy']],
  ...[
    ['explain', `${ID}-1`],
    ['explain', `${ID}-3`, '--data'],
    ['explain', `${ID}-0`],
    ['explain', 'nobody'],
    ['flow', `${ID}-1`],
    ['quote', '--job', `${ID}-9`, '--models', MODEL],
  ],
  ...[['log', '--job', `${ID}-0`], ['replay'], ['replay', '--to', '4'], ['stats'], ['what-if'], ['doctor']],
  ...[
    ['verify'],
    ['audit'],
    ['chain'],
    ['recover'],
    ['adopt'],
    ['migrate', '--check'],
    ['rebuild'],
    ['snapshot'],
  ],
  ...[
    ['explain', ID],
    ['cancel', ID],
    ['cancel'],
    ['cancel', '--model', MODEL],
    ['retry', '--kind', KIND, '--yes'],
  ],
  ...[
    ['schedule'],
    ['schedule', 'preview', KIND],
    ['schedule', 'remove', 'nobody'],
    ['delete', '--tag', 'nothing', '--yes'],
  ],
  ...[
    ['move', `${ID}-4`, '--before', `${ID}-3`],
    ['move', '--model', MODEL, '--priority', '2', '--yes'],
  ],
  ...[
    ['cancel', '--state', 'waiting', '--kind', KIND, '--yes'],
    ['pause', MODEL],
    ['status'],
    ['resume', MODEL],
  ],
  ...[
    ['enqueue', '--job', `${ID}-1`, '--models', MODEL],
    ['enqueue', '--job', `${ID}-9`, '--models', MODEL],
  ],
  ...[
    ['drain'],
    ['run', `${ID}.csv`],
    ['archive', '--before', '3'],
    ['forget-operator', 'ada'],
    ['status', '--as', ''],
  ],
]

describe('on a terminal of 80 columns', () => {
  it.each(typed.map((words) => [words.join(' '), words] as const))('interlock %s', async (_, words) => {
    expect(await wide(...words)).toEqual([])
  })

  it('every command is tried', () => {
    const names = commandGroups.flatMap(([, list]) => list.map(({ usage }) => usage.split(' ')[0] ?? ''))
    const tried = new Set([...typed.map(([name = '']) => name), ...elsewhere])
    expect(names.filter((name) => !tried.has(name))).toEqual([])
  })

  it('and every help page', async () => {
    for (const name of ['', ...(await commandNames())])
      expect(await wide(...name.split(' ').filter(Boolean), '--help'), name).toEqual([])
  })
})
