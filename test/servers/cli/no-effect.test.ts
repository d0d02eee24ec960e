/** What would change nothing, through each way in: it is told of with the name that was probably meant, or refused by `strict`. */
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { type Coordinator, createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { joined, migratedDatabase } from '../contract/support.ts'
import { keepingLogger } from '../coordinator/support.ts'
import { interlock } from './support.ts'

interface Slip {
  readonly says: RegExp
  readonly inProgram: (coordinator: Coordinator) => Promise<unknown>
  /** Undefined: no command says it. */
  readonly typed?: readonly string[]
  /** A job of SQL that says it. */
  readonly bySql?: object
}

const job = { jobId: 'slip', models: ['flux'] }

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
    bySql: { job_id: 'slip', models: ['flux'], uses: { 'openai-tmp': 5 } },
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

/** What a program hears of it, or how it is refused. */
async function heard(url: string, say: Slip['inProgram'], strict: boolean): Promise<string> {
  const store = postgresStore(url)
  const logger = keepingLogger()
  const coordinator = await createCoordinator({ store, logger, strict })
  try {
    await say(coordinator)
    return logger.lines.join('\n')
  } catch (error) {
    return `refused: ${(error as Error).message}`
  } finally {
    await coordinator.close()
    await store.close()
  }
}

describe.each(Object.entries(slips))('%s', (_, { says, inProgram }) => {
  it('is told of in a program, and refused by `strict: true`', async () => {
    const told = await heard(await prepared(), inProgram, false)
    expect(told).toMatch(says)
    expect(told).not.toMatch(/^refused/)
    expect(await heard(await prepared(), inProgram, true)).toMatch(new RegExp(`^refused: .*${says.source}`))
  })
})

const typed = Object.entries(slips).filter(([, slip]) => slip.typed !== undefined)
it.each(typed)('%s is told of by its command, and refused by --strict', async (_, slip) => {
  const words = [...(slip.typed ?? []), '--url', await prepared()]
  const refused = await interlock([...words, '--strict'])
  expect(refused.stderr).toMatch(slip.says)
  expect(refused.code).toBe(2)
  const told = await interlock(words)
  expect(told.stderr).toMatch(slip.says)
  expect(told.code).toBe(0)
})

const bySql = Object.entries(slips).filter(([, slip]) => slip.bySql !== undefined)
it.each(bySql)('%s is told of by the process that takes it in from SQL', async (_, slip) => {
  const url = await prepared()
  const submit = async (coordinator: Coordinator) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('select job_queue_submit($1)', [JSON.stringify(slip.bySql)])
    await client.end()
    await expect.poll(() => coordinator.state().waitingCount).toBe(1)
  }
  expect(await heard(url, submit, false)).toMatch(slip.says)
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
