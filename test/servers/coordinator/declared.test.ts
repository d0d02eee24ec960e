/** Near-misses are warned about, once a name; what the policy declares holds in every process. */
import { describe, expect, it } from 'vitest'
import { join, keepingLogger, memoryStore } from './support.ts'

const job = (jobId: string, ...models: readonly string[]) => ({ jobId, models })

async function queue() {
  const store = memoryStore()
  const logger = keepingLogger()
  const coordinator = await join({ store, logger })
  await coordinator.setPolicy('by-model')
  const warned = () =>
    logger.lines.flatMap(
      (line) =>
        /model ("[^"]*"), which (?:differs little from ("[^"]*")|the policy)/
          .exec(line)
          ?.slice(1, 3)
          .join(' ') ?? [],
    )
  return { store, coordinator, warned }
}

describe('a model whose name is nearly that of another one', () => {
  it('is taken, and warned about once, if a live job needs the other', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.enqueue([job('a', 'flux-dev'), job('b', 'flux_dev'), job('c', 'Flux-dev ')])
    await coordinator.enqueue([job('d', 'flux_dev'), job('e', 'flux-dev'), job('f', 'flux-pro')])
    expect(warned()).toEqual(['"flux_dev" "flux-dev"', '"Flux-dev " "flux-dev"', '"flux-dev" "flux_dev"'])
    expect(coordinator.state().waitingCount).toBe(6)
  })

  it('is warned about if the policy names the other, and not if it was needed by jobs that have ended', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.onJobStart('a', 'normal', ['old-name'])
    await coordinator.onJobComplete('a', 'normal')
    await coordinator.setPolicy({ capacity: { 'flux-dev': 2, '*': 1 } })
    await coordinator.enqueue([job('b', 'old_name'), job('c', 'FLUX DEV')])
    expect(warned()).toEqual(['"FLUX DEV" "flux-dev"'])
  })

  it('is found where another process has put the other in line, before this one joined or since', async () => {
    const { store, coordinator } = await queue()
    await coordinator.enqueue([job('a', 'flux-dev')])
    const logger = keepingLogger()
    const other = await join({ store, logger })
    await coordinator.enqueue([job('b', 'upscale')])
    await other.enqueue([job('c', 'flux_dev'), job('d', 'up-scale')])
    expect(logger.lines.filter((line) => line.includes('differs little'))).toHaveLength(2)
  })
})

describe('a job that needs a model which nearly fits a pattern of the policy', () => {
  it('is warned about, unless another pattern fits', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.setPolicy({ capacity: { 'lora-*': 2, 'SDXL*': 2 } })
    await coordinator.enqueue([job('a', 'lora-a'), job('b', 'LoRA noir'), job('c', 'sdxl'), job('d', 'flux')])
    expect(warned()).toEqual(['"LoRA noir" "lora-*"', '"sdxl" "SDXL*"'])
  })
})

describe('a policy that names a model nearly as another one', () => {
  it('is warned about, once a name, where a job or the policy has the other', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.enqueue([job('a', 'flux-dev')])
    await coordinator.setPolicy({
      capacity: { flux_dev: 2 },
      rate: { 'up-scale': { starts: 1, perSeconds: 1 } },
    })
    await coordinator.setPolicy({ capacity: { flux_dev: 3 }, holdAfterLossSeconds: { upscale: 5 } })
    await coordinator.pauseModel('FLUX-DEV', { reason: 'by_hand' })
    expect(warned()).toEqual(['"flux_dev" "flux-dev"', '"upscale" "up-scale"', '"FLUX-DEV" "flux-dev"'])
  })

  it('is warned about where the policy declares its models, and this one not', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.defineModels(['flux-dev'])
    await coordinator.setPolicy({ capacity: { flux_dev: 2, '*': 1 } })
    await coordinator.pauseModel('flux-dev', { reason: 'by_hand' })
    expect(warned()).toEqual(['"flux_dev" '])
  })

  it('is not warned about where it is a place, which a pause may name', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.setPolicy({ models: { 'flux-dev': { capacity: ['host1:0', 'host1:1'] } } })
    await coordinator.pauseModel('host1:0', { reason: 'broken' })
    await coordinator.pauseModel('host2:0', { reason: 'broken' })
    expect(warned()).toEqual(['"host2:0" '])
  })

  it('is not warned about by a process that only hears of it, nor for what was there before', async () => {
    const { store, coordinator } = await queue()
    const logger = keepingLogger()
    const other = await join({ store, logger })
    await coordinator.enqueue([job('a', 'flux-dev')])
    await coordinator.setPolicy({ capacity: { flux_dev: 2 } })
    await other.catchUp()
    await other.setPolicy({ maxActive: 3 })
    expect(logger.lines.filter((line) => line.includes('differs little'))).toEqual([])
  })
})

describe('models that are declared (defineModels)', () => {
  it('hold in every process, until they are taken back', async () => {
    const { store, coordinator, warned } = await queue()
    const other = await join({ store })
    await coordinator.defineModels(['flux-dev', 'upscale'])
    await expect(other.enqueue([job('a', 'flux_dev')])).rejects.toMatchObject({
      code: 'unknown_model',
      message: expect.stringContaining('did you mean flux-dev?'),
    })
    await expect(other.onJobStart('a', 'normal', ['flux_dev'])).rejects.toMatchObject({
      code: 'unknown_model',
    })
    expect(coordinator.state().policy.models).toEqual({ 'flux-dev': {}, upscale: {} })
    await coordinator.defineModels({ upscale: { capacity: 3 } })
    expect(coordinator.state().policy).toMatchObject({ models: { upscale: {} }, capacity: { upscale: 3 } })
    await coordinator.setPolicy({ models: null })
    expect(coordinator.state().policy).not.toHaveProperty('models')
    await other.enqueue([job('a', 'flux_dev')])
    expect(warned()).toEqual([])
  })

  it.each([
    [[], 'models: must name at least one model'],
    [[''], 'models[0]: must not be empty'],
    ['flux-dev', 'models: must be a list of model names, or an object of them'],
    [{ '*': {} }, 'policy.models: has no "*"'],
    [{ a: { capacity: 0 } }, 'policy.models.a.capacity: must be a whole number from 1'],
  ])('are refused as %j', async (models, said) => {
    const { coordinator } = await queue()
    await expect(coordinator.defineModels(models as never)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(said),
    })
  })

  it('do not touch what was there before: it is retried with its models, and its next step is only warned about', async () => {
    const { coordinator, warned } = await queue()
    await coordinator.enqueue([{ ...job('dead', 'old'), attempts: 1 }, job('live', 'old')])
    const [dead] = await coordinator.claim({ max: 1 })
    if (dead !== undefined) await coordinator.fail(dead.lease, { retryAt: null })
    await coordinator.defineModels(['new'])
    expect(await coordinator.retryDead({ jobIds: ['dead'] })).toBe(1)
    const [live] = await coordinator.claim({ max: 1 })
    expect(live?.spec).toMatchObject({ jobId: 'live', models: ['old'] })
    if (live !== undefined) await coordinator.release(live.lease, 'later', null, { models: ['older'] })
    expect(warned()).toEqual(['"old" ', '"older" '])
  })
})
