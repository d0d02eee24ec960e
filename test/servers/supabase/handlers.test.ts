/** The handlers of the guides about Supabase: what they write into the row, and what the page of its user shows of it. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { createJobWorker } from '../../../src/engine/worker/index.ts'
import { clientOf } from '../../support/supabase/project.ts'
import { docsBlock, docsModule, type Project, startMigrated, storeOn } from './support.ts'

const ann = '00000000-0000-0000-0000-00000000000a'
const ben = '00000000-0000-0000-0000-00000000000b'
let project: Project
beforeAll(async () => {
  const blocks = ['sql policy', 'sql result', 'sql listen', 'sql own', 'sql own-listen', 'sql own-position']
  const more = 'grant insert (prompt) on public.jobs to authenticated'
  project = await startMigrated([...blocks.map(docsBlock), more].join('\n'))
})
afterAll(() => project.close())

const signedIn = async (user: string) =>
  clientOf(project, project.keys.publishable, await project.keys.signIn(user))

type Draw = (prompt: string, progress: (percent: number) => Promise<unknown>) => Promise<string>

/** Starts a worker with the handlers of a block, which draws half of it and then waits for `finish`. */
async function startWorker(info: string) {
  const store = storeOn(project)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  await coordinator.setPolicy('by-model')
  const { handlersOf } = await docsModule(info)
  const finished = Promise.withResolvers<void>()
  const draw: Draw = async (prompt, progress) => {
    await progress(50)
    await finished.promise
    return `${prompt}.png`
  }
  const handlers = handlersOf(clientOf(project, project.keys.secret), draw)
  const worker = createJobWorker({ coordinator, handlers, intake: true })
  worker.start()
  onTestFinished(async () => {
    await worker.drain()
    await coordinator.close()
    await store.close()
  })
  return { finish: finished.resolve }
}

it('a row of jobs gets a percentage and a result', async () => {
  const { finish } = await startWorker('js handler')
  const jobs = (await signedIn(ann)).from('jobs')
  const row = jobs.insert({ model: 'flux-dev', prompt: 'fox' }).select('job_id').single()
  const id = (await row.throwOnError()).data.job_id
  const read = async () => (await jobs.select().eq('job_id', id).single().throwOnError()).data
  await expect.poll(read).toMatchObject({ status: 'running', percent: 50, url: null })
  finish()
  await expect.poll(read).toMatchObject({ status: 'completed', percent: 100, url: 'fox.png' })
})

it('a row of a table of your own gets them too, and its page follows it and says where it stands', async () => {
  const { finish } = await startWorker('js own-handler')
  const user = await signedIn(ann)
  const insert = async () => {
    const row = user.from('renders').insert({ model: 'flux-dev', prompt: 'hen' }).select('id').single()
    return (await row.throwOnError()).data.id
  }
  const seen: unknown[] = []
  const first = await insert()
  const { onJob } = await docsModule('js listen')
  // The stand-in tells users of no changes, since it does not check their policies.
  const server = clientOf(project, project.keys.secret)
  const end = onJob(server, first, (row: unknown) => seen.push(row), 'renders', 'id')
  await expect.poll(() => seen.at(-1)).toMatchObject({ id: first, status: 'running', percent: 50 })

  const second = await insert()
  const { positionOf } = await docsModule('js position')
  const standing = async (id: string, client = user) =>
    positionOf({ rpc: () => client.rpc('render_position', { id }) }, id)
  await expect.poll(() => standing(second)).toBe('next in line for flux-dev')
  expect(await standing(first)).toBe('it runs')
  expect((await (await signedIn(ben)).rpc('render_position', { id: first })).data).toBe(null)
  const anybody = clientOf(project, project.keys.publishable)
  expect((await anybody.rpc('render_position', { id: first })).error?.code).toBe('42501')

  finish()
  await expect.poll(() => seen.at(-1)).toMatchObject({ status: 'completed', percent: 100, url: 'hen.png' })
  await expect.poll(() => standing(first)).toBe('it was completed')
  await end()
})
