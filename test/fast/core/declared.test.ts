/** Models are declared in the policy: that alone makes unknown ones refused. */
import { describe, expect, it } from 'vitest'
import { audit } from '../../../src/tools/audit/index.ts'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

const byModel = { maxActive: null }
const declaring = (...names: readonly string[]) => ({
  ...byModel,
  models: Object.fromEntries(names.map((name) => [name, {}])),
})
const messageOf = ({ result }: ReturnType<Scenario['ask']>): string => (result.ok ? '' : result.message)

describe('a job that needs a model which the policy does not declare (unknown_model)', () => {
  it('is refused, whichever way it comes, and with it the others of its command', () => {
    const queue = given(declaring('flux-dev', 'upscale'))
    expect(codeOf(queue.enqueue('a', ['flux-dev', 'flux_dev']))).toBe('unknown_model')
    expect(codeOf(queue.ask('a', ['Flux-dev ']))).toBe('unknown_model')
    const { spec } = { spec: queue.enqueue('ok', ['flux-dev']) && queue.job('ok')?.spec }
    const specs = [spec, { ...spec, jobId: 'b', models: ['other'] }] as never
    expect(codeOf(queue.send({ type: 'enqueue', specs }))).toBe('unknown_model')
    expect(codeOf(queue.send({ type: 'enqueue', specs, intake: true }))).toBe('unknown_model')
    expect([...queue.ledger.jobs].map(({ jobId }) => jobId)).toEqual(['ok'])
  })

  it.each([
    ['flux_dev', 'did you mean flux-dev?'],
    ['Flux-dev\u00a0', 'did you mean flux-dev?'],
    ['flux-dve', 'did you mean flux-dev?'],
    ['upscaler', 'did you mean upscale?'],
    ['sora', 'does not declare; correct the name'],
  ])('is told what was probably meant by %j, and what to do', (name, said) => {
    const message = messageOf(given(declaring('flux-dev', 'upscale')).ask('a', [name]))
    expect(message).toContain(said)
    // No command that would declare a slip.
    expect(message.includes('npx interlock-queue policy set --models ')).toBe(name === 'sora')
  })

  it('is taken where the policy declares it, or nothing', () => {
    const queue = given(declaring('flux-dev'))
    expect(queue.enqueue('a', ['flux-dev']).result.ok).toBe(true)
    expect(queue.enqueue('none', []).result.ok).toBe(true)
    const { models: _, ...undeclaring } = queue.ledger.policy
    queue.send({ type: 'set_policy', policy: undeclaring })
    expect(queue.enqueue('b', ['flux_dev']).result.ok).toBe(true)
  })

  it('is taken whatever else the policy says of other models', () => {
    const named = {
      capacity: { a: 2 },
      rate: { a: { starts: 1, perSeconds: 1 } },
      holdAfterLossSeconds: { a: 1 },
    }
    expect(given({ ...byModel, ...named }).enqueue('j', ['b']).result.ok).toBe(true)
  })
})

describe('a later declaration', () => {
  it('leaves live jobs as they are, in line and running, and lets them be asked for again', () => {
    const queue = given(byModel)
    queue.ask('run', ['old'])
    queue.enqueue('wait', ['old'], { attempts: 2 })
    queue.policy(declaring('new'))
    expect(queue.enqueue('wait', ['old'], { attempts: 2 }).result.ok).toBe(true)
    expect(queue.ask('run', ['old']).result.ok).toBe(true)
    expect(queue.complete('run', { claim: { max: 1, kinds: null } }).said).toEqual([
      'completed run',
      'started wait by w1',
    ])
    expect(queue.fail('wait', 0).said).toEqual(['failed wait', 'requeued wait, offers wait'])
    expect(audit(queue.log).violations).toEqual([])
  })

  it('leaves a retry as it was, and not a new job under an id that ended', () => {
    const queue = given(byModel)
    queue.enqueue('a', ['old'], {}, { claim: { max: 1, kinds: null } })
    const spec = queue.job('a')?.spec
    queue.fail('a', null)
    queue.policy(declaring('new'))
    const specs = [spec] as never
    expect(codeOf(queue.send({ type: 'enqueue', specs }))).toBe('unknown_model')
    expect(queue.send({ type: 'enqueue', specs, again: true }).result.ok).toBe(true)
    expect(audit(queue.log).violations).toEqual([])
  })
})
