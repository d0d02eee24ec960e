/** What people are told of a situation, word by word; and digests of the documents that programs get. */
import { jobs, queue, status } from '../../../src/tools/operate/index.ts'
import { interlock } from '../cli/support.ts'
import { operator } from '../dashboard/support.ts'
import { onPage } from './faces.ts'
import { digest, plain } from './plain.ts'
import type { Scene } from './scene.ts'

export async function recordOf(scene: Scene, jobId: string): Promise<string> {
  const at = ['--url', scene.url, '--queue', scene.queue]
  const texts = [await interlock(['explain', jobId, ...at]), await interlock(['status', ...at])]
  // What is wrong is compared in all faces: some of it is told only after seconds.
  const told = texts.map(
    ({ stdout, stderr, code }) =>
      plain(`${stdout}${stderr}`).replaceAll(/^(?:problem|note|to do {2}what).*\n/gm, '') +
      (code ? `exit ${code}\n` : ''),
  )
  const documents = [...(await ofLibrary(scene)), ...(await overHttp(scene, jobId))]
  const digests = documents.map(([name, text]) => `${name} ${digest(`${scene.queue}-${name}`, text)}`)
  return [...told.map((text) => text.trimEnd()), ...digests].join('\n')
}

type Told = readonly (readonly [name: string, text: string])[]

async function ofLibrary({ store, queue: name }: Scene): Promise<Told> {
  const access = { store, queue: name }
  const states = ['waiting', 'active', 'submitted', 'dead', 'completed', 'cancelled', 'expired'] as const
  return [
    ['status', JSON.stringify({ ...(await status(access)), wrong: [] })],
    ['queue', JSON.stringify(await queue(access))],
    ['jobs', JSON.stringify(await jobs(access, { states }))],
  ]
}

/** What is the same in all situations is asked for once, where all commands are. */
const addresses = (jobId: string) => [
  ...['/workers', '/dead', '/jobs?state=waiting&state=dead'],
  ...['', '/data', '/flow', '/log'].map((part) => `/jobs/${encodeURIComponent(jobId)}${part}`),
]

const overHttp = (scene: Scene, jobId: string): Promise<Told> =>
  onPage(
    scene,
    async (get) => {
      const told: [string, string][] = []
      for (const address of addresses(jobId)) {
        const answer = await get(address)
        told.push([`GET ${address || '/'}`, `${answer.status} ${await answer.text()}`])
      }
      return told
    },
    operator,
  )
