// Long, 15 s: hostile words in every place of every command.
/**
 * Texts that others wrote (ids, models, kinds, errors, names of files, of columns, of sessions) on their way to the terminal of an
 * operator. No command lets one of them move the cursor, forge a line, or carry something out when its advice is copied.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { commandGroups } from '../../../src/apps/cli/command/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { emptyQueue } from './history.ts'
import { interlock, type Spoken, temporaryFolder } from './support.ts'

/** What clears a screen, goes up a line, forges the advice of a command, and turns the direction of writing. */
const FORGED = 'x\u001b[31m\u001b[2J\r\n  to do: rm -rf FORGED\u009b1A\u202ey\u2028  to do: rm -rf FORGED'
/** A name that Interlock takes: it has no control characters. */
const NAME = "j$(touch PWNED); touch PWNED #'\u202ez\u2028  to do: rm -rf FORGED"

let url: string
let folder: string
/** A file that is there, and has a hostile name. */
let file: string

/** Rows that somebody else wrote, and jobs that run, wait and have failed. */
beforeAll(async () => {
  url = await emptyQueue()
  folder = path.join(await temporaryFolder(), NAME.replaceAll('/', '_'))
  await mkdir(folder)
  file = path.join(folder, 'jobs\u001b[2J\n  to do: rm -rf FORGED.csv')
  await writeFile(file, `job_id,models\n"${NAME.replaceAll('"', '""')}2",\u001b[31mm\n${FORGED},m\n`)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await rowsIn(client)
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger, name: 'who' })
  await coordinator.takeIn({ max: 10 })
  await jobsIn(coordinator)
  await coordinator.close()
  await store.close()
  await client.end()
})

/** One that nobody has taken in, one that cannot be, and one that cannot be written. */
async function rowsIn(client: pg.Client): Promise<void> {
  const row = (jobId: string) =>
    client.query('insert into jobs (job_id, status, model) values ($1, $2, $1)', [jobId, 'pending'])
  await client.query('alter table jobs disable trigger user')
  await row(FORGED)
  await row(NAME)
  await client.query('alter table jobs enable trigger user')
  await row(`${FORGED} of a browser`)
  await client.query(
    `insert into job_queue_set_aside values ('default', 'jobs', $1, now() - interval '1 min', now(), 7, '55P03')`,
    [FORGED],
  )
}

async function jobsIn(coordinator: Coordinator): Promise<void> {
  await coordinator.setPolicy({
    maxActive: null,
    capacity: { [NAME]: 1 },
    rate: { [`r${NAME}`]: { starts: 1, perSeconds: 60 } },
  })
  const job = (jobId: string) => ({
    ...{ jobId, models: [NAME], kind: NAME, payload: { FORGED }, fairKey: NAME, attempts: 1 },
  })
  await coordinator.enqueue([job(`dead ${NAME}`)])
  const [dead] = await coordinator.claim({ max: 1, kinds: null })
  if (dead !== undefined) await coordinator.fail(dead.lease, { error: new Error(FORGED) })
  await coordinator.enqueue([job(NAME), job(`${NAME}1`), job(`--force ${NAME}`)])
  await coordinator.claim({ max: 1, kinds: null })
  await coordinator.enqueue([{ jobId: 'paused', models: [`p${NAME}`] }])
  await coordinator.pauseModel(`p${NAME}`, { reason: 'manual' })
  await coordinator.schedules(NAME, [{ id: NAME, every: '1h', job: { models: [NAME], kind: NAME } }])
}

/** Every command, with what makes it say as much as it can. */
const commands: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  demo: () => [['demo', '--queue', FORGED]],
  migrate: () => [
    ['migrate', '--check'],
    ['migrate', '--column', FORGED],
    ['migrate', '--status', `running=${FORGED}`],
    ['migrate', '--runtime-role', FORGED],
    ['migrate', '--supabase', folder],
  ],
  adopt: () => [
    ['adopt'],
    ['adopt', '--job', NAME, '--job', `${NAME} unknown`],
    ['adopt', '--job', FORGED],
    ['adopt', '--status', FORGED],
  ],
  run: () => [
    ['run', file],
    ['run', `${file}\u001b[2J`],
  ],
  work: () => [['work', '--handler', `./${FORGED}.js`]],
  enqueue: () => [
    ['enqueue', file],
    ['enqueue', file, '--skip-invalid'],
    ['enqueue', '--job', NAME],
    ['enqueue', '--job', FORGED, '--models', FORGED],
  ],
  cancel: () => [
    ['cancel', `not ${NAME}`],
    ['cancel', FORGED],
    ['cancel', '--', `--force ${NAME}`],
    ['cancel', '--kind', FORGED],
    ['cancel', '--model', NAME, '--kind', `not ${NAME}`, '--yes'],
  ],
  move: () => [
    ['move', `${NAME}1`, '--before', `not ${NAME}`],
    ['move', `${NAME}1`, '--priority', '3'],
    ['move', `not ${NAME}`, '--priority', FORGED],
  ],
  pause: () => [
    ['pause', NAME],
    ['pause', NAME, '--reason', FORGED],
    ['pause', FORGED],
  ],
  drain: () => [['drain', '--queue', FORGED]],
  resume: () => [
    ['resume', NAME],
    ['resume', FORGED],
  ],
  jobs: () => [
    ['jobs'],
    ['jobs', '--state', 'dead'],
    ['jobs', '--model', FORGED],
    ['jobs', '--state', FORGED],
  ],
  flow: () => [
    ['flow', `${NAME}1`],
    ['flow', `${NAME}1`, '--mermaid'],
    ['flow', FORGED],
  ],
  schedule: () => [
    ['schedule'],
    ['schedule', 'list'],
    ['schedule', 'preview', NAME],
    ['schedule', 'pause', NAME],
    ['schedule', 'resume', FORGED],
    ['schedule', 'remove', `not ${NAME}`],
    ['schedule', 'set', '--file', file, '--owner', NAME],
  ],
  delete: () => [
    ['delete', '--tag', FORGED],
    ['delete', '--model', NAME, '--yes'],
    ['delete', '--payload', FORGED],
  ],
  retry: () => [
    ['retry', '--model', NAME],
    ['retry', '--model', NAME, '--yes'],
    ['retry', `not ${NAME}`],
    ['retry', FORGED],
  ],
  policy: () => [['policy'], ['policy', 'set', '--capacity', FORGED], ['policy', 'set', '--rate', FORGED]],
  dashboard: () => [['dashboard', '--port', FORGED]],
  top: () => [['top']],
  status: () => [['status'], ['status', '--queue', `q${NAME}`]],
  queue: () => [['queue']],
  explain: () => [
    ['explain', NAME],
    ['explain', `${NAME}1`, '--data'],
    ['explain', `dead ${NAME}`, '--data'],
    ['explain', `not ${NAME}`],
    ['explain', 'j'],
    ['explain', FORGED],
  ],
  quote: () => [
    ['quote', '--models', NAME],
    ['quote', '--job', `${NAME}1`, '--models', FORGED, '--kind', NAME],
    ['quote', '--job', FORGED, '--models', NAME],
  ],
  dead: () => [['dead'], ['dead', `not ${NAME}`], ['dead', FORGED], ['dead', '--model', FORGED]],
  log: () => [
    ['log'],
    ['log', '--job', NAME],
    ['log', '--job', `not ${NAME}`],
    ['log', '--since', FORGED],
    ['log', '--from-archive', file],
  ],
  replay: () => [
    ['replay'],
    ['replay', '--job', `not ${NAME}`],
    ['replay', '--follow', '--speed', '0'],
    ['replay', '--to', FORGED],
  ],
  stats: () => [['stats'], ['stats', '--svg', file], ['stats', '--since', FORGED]],
  'what-if': () => [['what-if'], ['what-if', '--try', FORGED]],
  doctor: () => [['doctor'], ['doctor', '--waiting', FORGED]],
  verify: () => [['verify'], ['verify', '--anchor', FORGED]],
  rebuild: () => [['rebuild'], ['rebuild', '--queue', `q${NAME}`]],
  recover: () => [['recover'], ['recover', '--completed', NAME], ['recover', '--fail', FORGED]],
  snapshot: () => [['snapshot']],
  archive: () => [
    ['archive', '--before', FORGED],
    ['archive', '--before', '1s', '--to', file],
  ],
  'forget-operator': () => [
    ['forget-operator', NAME],
    ['forget-operator', FORGED],
  ],
  completion: () => [['completion', FORGED]],
  man: () => [['man']],
  chain: () => [['chain']],
  audit: () => [['audit'], ['audit', '--markdown']],
  machine: () => [
    ['machine', FORGED],
    ['machine', '--format', FORGED],
  ],
  inspect: () => [
    ['inspect', '--ui', FORGED],
    ['inspect', '--from', FORGED],
  ],
}

const names = commandGroups.flatMap(([, list]) => list.map(({ usage }) => usage.split(' ')[0] ?? ''))

/** Nothing but text and its lines; on a terminal also colours, of which the hostile texts have none that is let through. */
function expectHarmless({ stdout, stderr }: Spoken, coloured: boolean): void {
  const colours = /\p{Cc}\[(?:[12]|22|3[1236]|39)m/gu
  for (const text of [stdout, stderr].map((said) => (coloured ? said.replace(colours, '') : said))) {
    expect(text).not.toContain('\u001b[31m\u001b')
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
    // What continues a line that is too long for the terminal stands four columns in, where no advice of ours begins.
    expect(text).not.toMatch(/^(?! {4})\s*to do:\s*rm/mu)
    expect(text).not.toMatch(/^FORGED/mu)
    for (const line of text.split('\n')) expectQuoted(line)
  }
}

/** Behind the name of a command, what is to be copied is quoted. */
function expectQuoted(line: string): void {
  const copied = line.slice(Math.max(0, line.search(/interlock [a-z]/)))
  if (!/interlock [a-z]/.test(copied)) return
  for (const { index } of copied.matchAll(/\$\(touch PWNED/g))
    expect(`${copied.slice(0, index)}`, line).toMatch(/\$?'[^']*$/)
}

describe('a text that somebody else wrote', () => {
  it('has its test for every command', () => {
    expect(Object.keys(commands).toSorted()).toEqual(names.toSorted())
  })

  it.each(names)('is only text: interlock %s', async (name) => {
    const without = new AbortController().signal
    for (const words of commands[name]?.() ?? []) {
      const line = words.includes('--') ? ['--url', url, ...words] : [...words, '--url', url]
      for (const columns of [undefined, 90]) {
        const spoken = await interlock(line, {
          signal: without,
          ...(columns === undefined ? {} : { columns }),
        })
        expectHarmless(spoken, columns !== undefined)
      }
      const json = await interlock(['--json', ...line])
      expectHarmless(json, false)
    }
  })

  it('is only text where an address is wrong, also to those who read the stack', async () => {
    const wrong = new URL(url)
    wrong.pathname = encodeURIComponent(FORGED)
    for (const env of [{}, { DEBUG: '1' }]) {
      const spoken = await interlock(['status', '--url', wrong.href], { env: { ...env } })
      expect(spoken.code).toBe(1)
      expectHarmless(spoken, false)
    }
  })
})
