/** What somebody reads first: what it says of the default, and that what it shows is so. */
import { describe, expect, it, onTestFinished } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { eventually } from '../../support/this-test.ts'
import { emptyQueue } from '../cli/history.ts'
import { interlock } from '../cli/support.ts'
import { blocksOf, pageOf } from './markdown.ts'

const readme = pageOf('README.md')

describe('the README', () => {
  it('names one Node.js version: the one that the package asks for', () => {
    const versions = [...readme.text.matchAll(/Node\.js (\d[\d.]*\d)/gu)].map(([, version]) => `>=${version}`)
    expect(versions).toEqual([manifest.engines.node])
  })

  it('shows what interlock explain prints of a job that waits', async () => {
    const url = await emptyQueue()
    const store = postgresStore(url)
    const coordinator = await createCoordinator({ store, logger: silentLogger })
    onTestFinished(async () => {
      await coordinator.close()
      await store.close()
    })
    await coordinator.setPolicy('by-model')
    coordinator.offering(null, 1)
    await coordinator.enqueue([
      { jobId: 'report-6', models: ['flux-dev'] },
      { jobId: 'report-7', models: ['flux-dev', 'upscale'] },
    ])
    await coordinator.claim({ max: 1, kinds: null })
    const [shown] = blocksOf(readme).filter(({ info }) => info === 'text explain')
    const [typed = '', ...printed] = shown?.code.trimEnd().split('\n') ?? []
    const words = typed.replace('$ npx interlock-queue ', '').split(' ')
    const sameTime = (text: string) => text.replace(/\d\d:\d\d:\d\d\.\d{3}\S*/u, 'TIME').trimEnd()
    const lines = async () => sameTime((await interlock([...words, '--url', url])).stdout)
    // The row of the process says what it offers once its heartbeat has come.
    await eventually(lines).not.toContain('also')
    expect(await lines()).toBe(sameTime(printed.join('\n')))
  })
})

describe('the default, and the line that changes it', () => {
  it.each([
    ['the README', async () => readme.text],
    ['the description of the package', async () => manifest.description],
    ['interlock --help', async () => (await interlock(['--help'])).stdout],
  ])('are in %s', async (_, read) => {
    const text = (await read()).replace(/\s+/gu, ' ')
    expect(text).toMatch(/one job (runs )?at a time/iu)
    expect(text).toMatch(/policy set --policy by-model|setPolicy\('by-model'\)/u)
  })
})
