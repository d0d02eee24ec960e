/** One truth about a job, told by all: what seven faces say in each situation, against the table of what they should say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expected } from './expected.ts'
import { type Answers, askAll, askList, faces, type Listed, listedIn, SILENT } from './faces.ts'
import { recordOf } from './record.ts'
import { type Place, placeOf, Scene } from './scene.ts'
import { type Make, ownSituations, situations } from './situations.ts'

const made: ReadonlyMap<string, Make> = new Map([
  ...Object.entries(situations),
  ...Object.entries(ownSituations),
])
const said = new Map<string, Answers>()
const recorded = new Map<string, string>()

let shared: Place
beforeAll(async () => {
  shared = await placeOf()
})
afterAll(async () => {
  await shared.close()
  process.stdout.write(`\n${tableOf(said)}\n\n`)
})

function tableOf(told: ReadonlyMap<string, Answers>): string {
  const lines = [...made.keys()].flatMap((name) => {
    const answers = told.get(name)
    return answers === undefined ? [] : [[name, ...faces.map((face) => answers[face])]]
  })
  const all = [['situation', ...faces], ...lines]
  const widths = all[0]?.map((_, at) => Math.max(...all.map((line) => line[at]?.length ?? 0))) ?? []
  const padded = all.map((line) => line.map((word, at) => word.padEnd(widths[at] ?? 0)).join('  '))
  return padded.map((line) => line.trimEnd()).join('\n')
}

async function jobIn(scene: Scene, name: string): Promise<string> {
  const make = made.get(name)
  if (make === undefined) throw new Error(`nobody makes ${name}`)
  return make(scene)
}

async function ask(name: string): Promise<readonly [Answers, Listed]> {
  const place = name in ownSituations ? await placeOf() : shared
  const scene = new Scene(place, `q${[...made.keys()].indexOf(name)}`)
  try {
    const jobId = await jobIn(scene, name)
    const answers = [await askAll(scene, jobId), await askList(scene, jobId)] as const
    recorded.set(name, await recordOf(scene, jobId))
    return answers
  } finally {
    await scene.close()
    if (place !== shared) await place.close()
  }
}

it('the table has each situation that is made, and no other', () => {
  expect([...expected.keys()]).toEqual([...made.keys()])
  expect(made.size).toBeGreaterThanOrEqual(30)
})

describe.concurrent('what is with a job (job_queue_explain, job_queue_of_job, job_queue_submitted)', () => {
  it.each([...expected])('%s: all faces tell the same', async (name, wanted) => {
    const [answers, { place, counted, ...list }] = await ask(name)
    said.set(name, answers)
    const silent = (text: string) => (text.startsWith(SILENT) ? SILENT : text)
    const told = Object.fromEntries(faces.map((face) => [face, answers[face]]))
    expect(told).toEqual(Object.fromEntries(faces.map((face) => [face, silent(wanted[face])])))
    expect(answers['to do']).toContain(wanted['to do'])
    const { explain } = answers
    const doctor = listedIn(answers.doctor)
    // All who tell of a queue read one list.
    expect(list).toEqual({
      status: doctor,
      health: doctor,
      metrics: doctor.filter((what) => !what.endsWith('dead')),
    })
    expect(place).toBe(/^(waiting|active|submitted|refused)/.test(explain) ? explain : SILENT)
    const [state = '', code = 'running'] = explain.split(' ')
    if (['waiting', 'active', 'submitted'].includes(state)) expect(counted).toContain(code)
  })
})

it('people and programs are told word by word what is kept in situations.txt', async () => {
  const told = [...made.keys()].map((name) => `# ${name}\n${recorded.get(name)}`)
  await expect(`${told.join('\n\n')}\n`).toMatchFileSnapshot('recorded/situations.txt')
})
