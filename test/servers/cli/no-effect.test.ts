/** What would change nothing, through each way in: it is told of with the name that was probably meant, or refused by `strict`. */
import { expect, it } from 'vitest'
import type { Coordinator } from '../../../src/engine/coordinator/index.ts'
import { connection, joined, migratedDatabase } from '../contract/support.ts'
import { keepingLogger } from '../coordinator/support.ts'
import { interlock } from './support.ts'

interface Slip {
  readonly says: RegExp
  readonly inProgram: (coordinator: Coordinator) => Promise<unknown>
  /** Undefined: no command says it. */
  readonly typed?: readonly string[]
}

const job = { jobId: 'slip', models: ['flux'] }
const often = (coordinator: Coordinator, of: object) =>
  coordinator.schedule('often', { every: '1s', job: { models: ['flux'], ...of } })

/** Under the policy of `prepared`. */
const slips: Readonly<Record<string, Slip>> = {
  'units of an unknown place': {
    says: /units.*no model has the place "hots1:0" \(did you mean host1:0\?\)/,
    inProgram: (coordinator) => coordinator.setPolicy({ units: { 'hots1:0': { vram: 24 } } }),
    typed: ['policy', 'set', '--units', 'hots1:0=vram:24'],
  },
  'uses of an undeclared resource': {
    says: /uses.*no limit of the policy counts the resource "openai-tmp" \(did you mean openai-tpm\?\)/,
    inProgram: (coordinator) => coordinator.enqueue({ ...job, uses: { 'openai-tmp': 5 } }),
    typed: ['enqueue', '--job', 'slip', '--models', 'flux', '--uses', 'openai-tmp=5'],
  },
  'uses of a resource where the policy limits none': {
    says: /uses.*no limit of the policy counts the resource "openai-rpm"/,
    inProgram: async (coordinator) => {
      await coordinator.setPolicy({ uses: {} })
      await coordinator.enqueue({ ...job, uses: { 'openai-rpm': 5 } })
    },
  },
  'uses of a scheduled job': {
    says: /uses.*no limit of the policy counts the resource "openai-tpn"/,
    inProgram: (coordinator) => often(coordinator, { uses: { 'openai-tpn': 5 } }),
  },
  'uses at the gate': {
    says: /uses.*no limit of the policy counts the resource "openai-tpn"/,
    inProgram: (coordinator) =>
      coordinator.onJobStart('slip', 'normal', ['flux'], { uses: { 'openai-tpn': 5 } }),
  },
  'places that no model has': {
    says: /serves: no model has a place "hots1:\*" \(did you mean host1:\*\?\)/,
    inProgram: (coordinator) => coordinator.claim({ max: 1, serves: ['hots1:*'] }),
  },
  'a model twice': {
    says: /models: "flux" comes twice, and counts once/,
    inProgram: (coordinator) => coordinator.enqueue({ ...job, models: ['flux', 'flux'] }),
    typed: ['enqueue', '--job', 'slip', '--models', 'flux;flux'],
  },
  'a model twice at the gate': {
    says: /models: "flux" comes twice, and counts once/,
    inProgram: (coordinator) => coordinator.onJobStart('slip', 'normal', ['flux', 'flux']),
  },
  'a model twice in a schedule': {
    says: /models: "flux" comes twice, and counts once/,
    inProgram: (coordinator) => often(coordinator, { models: ['flux', 'flux'] }),
  },
  'a model twice in a transaction': {
    says: /models: "flux" comes twice, and counts once/,
    inProgram: (coordinator) =>
      coordinator.enqueue({ ...job, models: ['flux', 'flux'] }, { in: async () => [] }),
  },
  'a pause of a model that nobody needs': {
    says: /no job needs the model "fluxx", and the policy does not name it \(did you mean flux\?\)/,
    inProgram: (coordinator) => coordinator.pauseModel('fluxx', { reason: 'manual' }),
    typed: ['pause', 'fluxx'],
  },
  'the end of a pause that there is none of': {
    says: /"uspcale" is not paused \(did you mean upscale\?\)/,
    inProgram: (coordinator) => coordinator.resumeModel('uspcale'),
    typed: ['resume', 'uspcale'],
  },
}

/** A queue with a card, a limit and a pause. */
async function prepared(): Promise<string> {
  const url = await migratedDatabase()
  const { coordinator } = await joined(url)
  await coordinator.setPolicy({
    capacity: { flux: ['host1:0', 'host1:1'] },
    uses: { 'openai-tpm': { limit: 100, perSeconds: 60 } },
  })
  await coordinator.pauseModel('upscale', { reason: 'manual' })
  // Else it may be this one that takes in what SQL submits, and tells of it.
  await coordinator.close()
  return url
}

interface Heard {
  readonly lines: readonly string[]
  readonly refused: string | undefined
}

/** What a program hears of it, and how it is refused. */
async function heard(url: string, say: Slip['inProgram'], strict: boolean): Promise<Heard> {
  const { lines, ...logger } = keepingLogger()
  const { store, coordinator } = await joined(url, { logger, strict })
  const refused = await say(coordinator).then(
    () => undefined,
    (error: Error) => error.message,
  )
  await coordinator.close()
  await store.close()
  return { lines, refused }
}

it.each(Object.entries(slips))('%s is told of in a program', async (_, { says, inProgram }) => {
  const { lines } = await heard(await prepared(), inProgram, false)
  expect(lines.join('\n')).toMatch(says)
})

it('is refused by `strict: true`', async () => {
  const url = await prepared()
  for (const { says, inProgram } of Object.values(slips))
    expect((await heard(url, inProgram, true)).refused).toMatch(says)
})

const typed = Object.entries(slips).flatMap(([name, { says, typed: words }]) =>
  words === undefined ? [] : [{ name, says, words }],
)
it.each(typed)('$name is told of by its command', async ({ says, words }) => {
  const told = await interlock([...words, '--url', await prepared()])
  expect(told.stderr).toMatch(says)
  expect(told.code).toBe(0)
})

it('is refused by --strict', async () => {
  const url = await prepared()
  for (const { says, words } of typed) {
    const refused = await interlock([...words, '--strict', '--url', url])
    expect(refused.stderr).toMatch(says)
    expect(refused.code).toBe(2)
  }
})

const request = (command: object) => `select job_queue_request('${JSON.stringify(command)}')`
const twice = (model: string) => ({ models: [model, model] })
const uses = (resource: string) => ({ job_id: `uses ${resource}`, models: ['flux'], uses: { [resource]: 5 } })

/** What SQL and rows may say, and the warning of the process that takes it in. */
const bySql = {
  [`select job_queue_submit('${JSON.stringify(uses('openai-tmp'))}')`]:
    'Job uses openai-tmp: uses.openai-tmp: no limit of the policy counts the resource "openai-tmp" (did you mean openai-tpm?)',
  [`select job_queue_submit('${JSON.stringify({ job_id: 'a', ...twice('ma') })}')`]:
    'Job a: models: "ma" comes twice, and counts once',
  [`select job_queue_enqueue_in('${JSON.stringify([{ job_id: 'b', ...twice('mb') }])}')`]:
    'Job b: models: "mb" comes twice',
  [request({ type: 'enqueue', jobs: [{ job_id: 'c', ...twice('mc') }] })]: 'Job c: models: "mc" comes twice',
  [request({ type: 'start', worker_id: 'w', job: { job_id: 'd', ...twice('md') } })]:
    'Job d: models: "md" comes twice',
  [request({ type: 'schedules', owner: 'o', schedules: [{ id: 'e', every: '1h', job: twice('me') }] })]:
    'Schedule e: models: "me" comes twice',
  [request({ type: 'claim', worker_id: 'w', max: 1, serves: ['hots1:*'] })]:
    'serves: no model has a place "hots1:*" (did you mean host1:*?)',
  "insert into jobs (status, required_models) values ('pending', '{mf,mf}')": 'models: "mf" comes twice',
}

it('is told of by the process that takes it in from SQL and rows', async () => {
  const url = await prepared()
  const { lines, ...logger } = keepingLogger()
  const { coordinator } = await joined(url, { logger })
  const client = await connection(url)
  await client.query("select job_queue_beat('default', 'w', null, 1, 'test', 15000, 5000)")
  for (const sql of Object.keys(bySql)) await client.query(sql)
  // With the model once it is the same job.
  await client.query(`select job_queue_submit('{"job_id":"a","models":["ma"]}')`)
  await coordinator.takeIn({ max: 10 })
  const untold = () => Object.values(bySql).filter((says) => !lines.some((line) => line.includes(says)))
  await expect.poll(untold).toEqual([])
})

it('a tier is written as in weights, or without the star', async () => {
  const { coordinator } = await joined(await migratedDatabase())
  await coordinator.setPolicy({ tiers: { 'free/*': { maxActive: 1 } } })
  expect(coordinator.state().policy.tiers).toEqual({ free: { maxActive: 1, maxTogether: null } })
  for (const key of ['fr*', 'free/a*', '*/free', 'free/customer-17'])
    await expect(coordinator.setPolicy({ tiers: { [key]: { maxActive: 1 } } })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/free, or free\/\* as in weights/),
    })
})
