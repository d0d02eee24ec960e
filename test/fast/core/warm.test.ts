import { describe, expect, it } from 'vitest'
import type { Claim, Policy } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const warm = { maxPassed: 2, maxPassedSeconds: 60, minLoadedSeconds: 0, loadSeconds: { '*': 12 } }
const rules = { maxActive: null, offerMs: 60_000, capacity: { '*': 9 }, warm }
const cards = { ...rules, capacity: { '*': ['h:0', 'h:1'] } }

const claim = (queue: Scenario, worker: string, more: Partial<Claim> = {}) =>
  queue.send({ type: 'claim' }, { worker, claim: { max: 1, kinds: null, keeps: 1, ...more } })

/** It ends its job, and takes the next one with the same command. */
function goOn(queue: Scenario, worker: string, more: Partial<Claim> = {}): string | undefined {
  const own = () => queue.running().find((id) => queue.job(id)?.workerId === worker)
  const jobId = own() ?? ''
  const { token = 0 } = queue.job(jobId) ?? {}
  queue.send(
    { type: 'complete', jobId, token },
    { worker, claim: { max: 1, kinds: null, keeps: 1, ...more } },
  )
  return own()
}

/** Jobs by the models that they need: `aab` are three. */
function filled(models: string, policy: Partial<Policy> = rules): Scenario {
  const queue = given(policy)
  for (const [i, model] of [...models].entries()) queue.enqueue(`${i + 1}${model}`, [model])
  return queue
}

const takes = (queue: Scenario, worker: string, times: number) =>
  Array.from({ length: times }, () => goOn(queue, worker))

describe('a process that keeps a model loaded', () => {
  it('takes the job of the loaded model, past those ahead, as often as the policy says', () => {
    const queue = filled('ababaaa')
    claim(queue, 'w')
    expect(queue.running()).toEqual(['1a'])
    expect(takes(queue, 'w', 4)).toEqual(['3a', '5a', '2b', '4b'])
  })

  it('says so in the log; the others are passed, and not overtaken', () => {
    const queue = filled('aba')
    claim(queue, 'w')
    goOn(queue, 'w')
    expect(queue.log.at(-1)).toMatchObject({ type: 'started', jobId: '3a', warm: 12 })
    expect(queue.job('2b')?.overtaken).toBe(0)
    queue.later(5_001)
    expect(queue.explain('2b')?.also).toContain('it was passed 1 of 2 times, 5 of 60 s, for warm models')
  })

  it('passes nobody any more when the time is over that the policy allows', () => {
    const queue = filled('abaaa', { ...rules, warm: { ...warm, maxPassed: 9 } })
    claim(queue, 'w')
    expect(goOn(queue, 'w')).toBe('3a')
    queue.later(60_001)
    expect(goOn(queue, 'w')).toBe('2b')
  })

  it('goes by the line where the policy allows no passing, or nobody says what he keeps', () => {
    const none = filled('aba', { ...rules, warm: { ...warm, maxPassed: 0 } })
    claim(none, 'w')
    expect(goOn(none, 'w')).toBe('2b')
    expect(none.ledger.classes.size).toBe(0)
    const silent = filled('aba')
    silent.claim(1, { worker: 'w' })
    const { token = 0 } = silent.job('1a') ?? {}
    silent.send({ type: 'complete', jobId: '1a', token }, { worker: 'w', claim: { max: 1, kinds: null } })
    expect(silent.running()).toEqual(['2b'])
    expect(silent.ledger.keepers).toEqual([])
  })

  it('takes what spares most loading, and swaps nothing out that was just loaded if there is something else', () => {
    const loadSeconds = { a: 1, c: 30, '*': 5 }
    const queue = filled('acbac', { ...rules, warm: { ...warm, loadSeconds } })
    claim(queue, 'w', { keeps: 2 })
    expect(goOn(queue, 'w', { keeps: 2 })).toBe('4a')
    expect(goOn(queue, 'w', { keeps: 2 })).toBe('2c')
    expect(goOn(queue, 'w', { keeps: 2 })).toBe('5c')
    const busy = filled('ab', { ...rules, warm: { ...warm, minLoadedSeconds: 10, loadSeconds: { x: 0 } } })
    claim(busy, 'w')
    busy.enqueue('x', ['x'])
    expect(goOn(busy, 'w')).toBe('x')
    expect(goOn(busy, 'w')).toBe('2b')
  })

  it('passes no one who waits at the gate, has a higher strict priority, or runs in another kind of process', () => {
    const gate = filled('a')
    claim(gate, 'w')
    gate.ask('g', ['b'], { wait: true, worker: 'other' })
    gate.enqueue('3a', ['a'])
    expect(gate.running()).toEqual(['1a', 'g'])
    const strict = given({ ...rules, ageSeconds: null })
    strict.enqueue('1a', ['a'])
    claim(strict, 'w')
    strict.enqueue('2b', ['b'], { priority: 1 })
    strict.enqueue('3a', ['a'])
    expect(goOn(strict, 'w')).toBe('2b')
    const kinds = filled('a')
    claim(kinds, 'w')
    kinds.enqueue('2b', ['b'], { kind: 'other' })
    kinds.enqueue('3c', ['c'])
    kinds.enqueue('4a', ['a'])
    expect(goOn(kinds, 'w', { kinds: ['normal'] })).toBe('4a')
    expect(kinds.log.at(-1)).toMatchObject({ warm: 12, without: ['other'] })
    expect(kinds.explain('2b')?.also).toEqual([])
  })

  it('leaves a model to the job ahead that waits for another one as well, also if that may be overtaken', () => {
    const queue = given({ ...rules, capacity: {}, maxOvertakes: 0 })
    queue.enqueue('1a', ['a'])
    queue.enqueue('x', ['x'], {}, { worker: 'v', claim: { max: 1, kinds: null } })
    claim(queue, 'w')
    queue.enqueue('2', ['x', 'a'])
    queue.enqueue('3a', ['a'])
    queue.enqueue('4b', ['b'])
    expect(goOn(queue, 'w')).toBe('4b')
  })
})

describe('what others get wrong', () => {
  it('packs no equal jobs onto one card while another one idles', () => {
    const queue = given({ ...cards, units: { 'h:0': { vram: 24 }, 'h:1': { vram: 24 } } })
    for (const id of ['1', '2', '3']) queue.enqueue(id, ['a'], { asks: { a: { vram: 5 } } })
    claim(queue, 'w')
    claim(queue, 'w', { max: 2 })
    expect(queue.running().map((id) => queue.job(id)?.places)).toEqual([
      { a: 'h:0' },
      { a: 'h:1' },
      { a: 'h:0' },
    ])
    const two = filled('aaaa')
    claim(two, 'w1')
    claim(two, 'w2')
    expect(two.running().map((id) => two.job(id)?.workerId)).toEqual(['w1', 'w2'])
  })

  it('gives a slow card what it can do, and not half', () => {
    const queue = filled('a'.repeat(40), cards)
    const serves = (card: string) => ({ serves: [card] })
    claim(queue, 'slow', serves('h:0'))
    claim(queue, 'fast', serves('h:1'))
    let [slow, fast] = [1, 1]
    for (let tick = 1; queue.running().length > 0; tick++) {
      if (goOn(queue, 'fast', serves('h:1')) !== undefined) fast++
      if (tick % 4 === 0 && goOn(queue, 'slow', serves('h:0')) !== undefined) slow++
    }
    expect([slow, fast]).toEqual([8, 32])
  })

  it('forgets with a restart what was loaded, and with a process that is gone', () => {
    const queue = filled('aba')
    claim(queue, 'w')
    queue.complete('1a', { worker: 'w' })
    queue.send({ type: 'leave' }, { worker: 'w' })
    expect(queue.log.at(-1)).toMatchObject({ type: 'worker_gone', workerId: 'w', left: true })
    expect(queue.ledger.keepers).toEqual([])
    claim(queue, 'again')
    expect(queue.running()).toEqual(['2b'])
    queue.send({ type: 'expire_leases', workerIds: ['again'], retryAt: 0 })
    expect(queue.ledger.keepers).toEqual([])
  })

  it('starts in the card that has the model, though it was pinned to the other', () => {
    const queue = filled('ab', cards)
    claim(queue, 'w', { max: 2 })
    expect(queue.job('2b')?.places).toEqual({ b: 'h:1' })
    queue.complete('1a', { worker: 'w' })
    queue.complete('2b', { worker: 'w' })
    queue.enqueue('3b', ['b'])
    claim(queue, 'w')
    expect(queue.job('3b')?.places).toEqual({ b: 'h:1' })
  })
})

describe('where fair keys take turns, a process that keeps a model loaded', () => {
  const weighed = { ...rules, maxOvertakes: null, weights: { '*': 1 } }
  /** Jobs by their keys and models: `ka kb` are two of `k`. */
  function ofKeys(jobs: string, policy: Partial<Policy> = weighed): Scenario {
    const queue = given(policy)
    for (const [i, job] of jobs.split(' ').entries())
      queue.enqueue(`${i + 1}${job}`, [job.slice(1, 2)], {
        fairKey: job.slice(0, 1),
        kind: `kind${job.slice(2)}`,
      })
    return queue
  }
  const worked = (queue: Scenario, times: number, more: Partial<Claim> = {}) => {
    claim(queue, 'w', more)
    return [...queue.running(), ...Array.from({ length: times }, () => goOn(queue.later(10_000), 'w', more))]
  }

  it('takes what it has loaded of the key whose turn it is, as often as the policy says', () => {
    const queue = ofKeys('ka lb kb lb ka kb la lb ka la ka')
    expect(worked(queue, 9)).toEqual(['1ka', '7la', '5ka', '10la', '9ka', '2lb', '3kb', '4lb', '6kb', '8lb'])
  })

  it('says so, and whose turn it was; who is passed is overtaken as by any turn, if it needs the same', () => {
    const queue = ofKeys('ka kb ka')
    expect(worked(queue, 1)).toEqual(['1ka', '3ka'])
    expect(queue.log.at(-1)).toMatchObject({ type: 'started', warm: 12, virtualTime: expect.any(Number) })
    expect(queue.job('2kb')?.overtaken).toBe(0)
    expect(queue.explain('2kb')?.also).toContain('it was passed 1 of 2 times, 0 of 60 s, for warm models')
    expect(audit(queue.log).violations).toEqual([])
  })

  it('passes nobody any more when the time is over that the policy allows', () => {
    const queue = ofKeys('ka kb ka ka ka', {
      ...weighed,
      warm: { ...warm, maxPassed: 9, maxPassedSeconds: 15 },
    })
    expect(worked(queue, 3)).toEqual(['1ka', '3ka', '4ka', '2kb'])
    expect(audit(queue.log).violations).toEqual([])
    const stricter = { ...queue.ledger.policy, warm: { ...warm, maxPassed: 1 } }
    const log = queue.log.map((event) =>
      event.type === 'policy_changed' ? { ...event, policy: stricter } : event,
    )
    expect(audit(log).violations).toMatchObject([{ rule: 'passed', jobId: '4ka' }])
  })

  it('leaves aside those of its key that it does not run, and says of which kinds they are', () => {
    const queue = ofKeys('ka kb2 kb ka')
    expect(worked(queue, 2, { kinds: ['kind'] })).toEqual(['1ka', '4ka', '3kb'])
    expect(queue.log.findLast(({ type }) => type === 'started')).not.toHaveProperty('warm')
    expect(queue.log).toContainEqual(expect.objectContaining({ jobId: '4ka', warm: 12, without: ['kind2'] }))
    expect(queue.explain('2kb2')?.also).not.toContainEqual(expect.stringContaining('passed'))
  })

  it('takes the card where it is loaded, whichever it was pinned to', () => {
    const queue = ofKeys('ka kb ka', { ...weighed, capacity: { '*': ['h:0', 'h:1'] } })
    claim(queue, 'w', { max: 2 })
    expect(queue.running()).toEqual(['1ka', '2kb'])
    queue.complete('2kb')
    queue.complete('1ka')
    claim(queue, 'w')
    expect(queue.job('3ka')?.places).toEqual({ a: 'h:0' })
  })

  it('goes by the line among those of one key that are waited for, or take all of a model', () => {
    const queue = ofKeys('ka')
    claim(queue, 'w')
    queue.enqueue('whole', ['b'], { fairKey: 'k', whole: ['b'] })
    queue.enqueue('2ka', ['a'], { fairKey: 'k' })
    expect(goOn(queue, 'w')).toBe('whole')
  })
})
