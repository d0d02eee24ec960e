import { describe, expect, it } from 'vitest'
import { fold, type Policy } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { kept } from '../../support/kept-ledger.ts'
import { given, type Scenario } from '../../support/scenario.ts'

const warm = { maxPassed: 16, maxPassedSeconds: 3_600, minLoadedSeconds: 0, loadSeconds: {} }
const rules = { maxActive: null, offerMs: 60_000, capacity: { '*': 9 }, warm }

const take = { worker: 'w', claim: { max: 1, kinds: null, keeps: 1 } }

/** One process has `a` loaded, `b` waits, and there is always more of `a`. */
function passing(policy: Partial<Policy> = rules): Scenario {
  const queue = given(policy)
  queue.enqueue('first', ['a'], {}, take)
  queue.enqueue('b', ['b'])
  for (let i = 0; i < 200; i++) queue.enqueue(`a${i}`, ['a'])
  return queue
}

/** The process ends its job and takes the next one, as often as that. @returns how many of them passed `b` */
function passes(queue: Scenario, times: number): number {
  const before = queue.log.length
  for (let i = 0; i < times && queue.job('b')?.active === false; i++) {
    const [running = ''] = queue.running()
    queue.complete(running, take)
  }
  return queue.log.slice(before).filter((event) => event.type === 'started' && event.warm !== undefined)
    .length
}

const pause = (queue: Scenario, model = 'b') => {
  queue.send({ type: 'pause_model', model, reason: 'maintenance', until: null })
  queue.send({ type: 'resume_model', model })
}

const ways: readonly (readonly [string, (queue: Scenario) => void])[] = [
  ['its model is paused', pause],
  [
    'its model is paused for a while in which others go on',
    (queue) => {
      queue.send({ type: 'pause_model', model: 'b', reason: 'maintenance', until: null })
      passes(queue, 2)
      queue.send({ type: 'resume_model', model: 'b' })
    },
  ],
  [
    'somebody waits for it at the gate, and gives up',
    (queue) => {
      queue.send({ type: 'pause_model', model: 'b', reason: 'maintenance', until: null })
      queue.ask('b', ['b'], { wait: true, worker: 'gate' })
      queue.send({ type: 'unask', jobId: 'b' }, { worker: 'gate' })
      queue.send({ type: 'resume_model', model: 'b' })
    },
  ],
  [
    'it is moved back, and forth',
    (queue) => {
      queue.send({ type: 'reprioritize', jobId: 'b', priority: -4 })
      queue.send({ type: 'reprioritize', jobId: 'b', priority: 0 })
    },
  ],
  [
    'other rules come',
    (queue) => queue.policy({ maxActive: queue.ledger.policy.maxActive === null ? 50 : null }),
  ],
  [
    'keys are told apart, and not',
    (queue) => {
      queue.policy({ fairShare: { spacingSeconds: 0, maxWaiting: null, maxActive: 40 } })
      queue.policy({ fairShare: null })
    },
  ],
  [
    'nobody may be passed for a while',
    (queue) => {
      queue.policy({ warm: { ...warm, maxPassed: 0 } })
      pause(queue)
      queue.policy({ warm })
    },
  ],
  [
    'the process says that it serves other places',
    (queue) => {
      queue.policy({ capacity: { '*': 9, z: ['p', 'q'] } })
      queue.policy({ capacity: { '*': 9 } })
    },
  ],
  [
    'a snapshot is all that is left',
    (queue) => {
      queue.send({ type: 'pause_model', model: 'b', reason: 'maintenance', until: null })
      queue.ledger = kept(queue.ledger)
      queue.send({ type: 'resume_model', model: 'b' })
      queue.ledger = kept(queue.ledger)
    },
  ],
]

describe('the bound of a job that is passed for loaded models', () => {
  it.each(ways)('stays with it though %s after every 12', (_, away) => {
    const queue = passing()
    const passed: number[] = []
    for (let round = 0; round < 10 && queue.job('b')?.active === false; round++) {
      passed.push(passes(queue, 12))
      if (queue.job('b')?.active === false) away(queue)
    }
    expect(passed).toEqual([12, 4])
    expect(audit(queue.log).violations).toEqual([])
  })

  it('stays with each of its class, wherever that stands', () => {
    const queue = passing()
    queue.enqueue('other', ['b'])
    passes(queue, 5)
    expect(queue.explain('other')?.also).toEqual([])
  })

  it('is told of one that is held', () => {
    const queue = passing()
    passes(queue, 12)
    queue.send({ type: 'pause_model', model: 'b', reason: 'maintenance', until: null })
    const said = 'it was passed 12 of 16 times, 0 of 3600 s, for warm models'
    expect(queue.explain('b')?.also).toContain(said)
    queue.send({ type: 'resume_model', model: 'b' })
    expect(queue.explain('b')?.also).toContain(said)
  })

  it('in seconds is not longer for a card that was paused', () => {
    const cards = { '*': ['h:0', 'h:1'] }
    const queue = passing({ ...rules, capacity: cards, warm: { ...warm, maxPassedSeconds: 60 } })
    queue.send({ type: 'pause_model', model: 'h:1', reason: 'maintenance', until: null })
    passes(queue, 1)
    queue.later(50_000)
    pause(queue, 'h:0')
    expect(passes(queue, 1)).toBe(1)
    queue.later(10_001)
    expect(passes(queue, 1)).toBe(0)
    expect(queue.job('b')?.active).toBe(true)
  })

  it('begins again with another attempt', () => {
    const queue = passing()
    passes(queue, 30)
    expect(queue.job('b')?.active).toBe(true)
    queue.fail('b', 1_000, take)
    queue.later(1_001).send({ type: 'tick' })
    expect(queue.explain('b')?.also).toEqual([])
    expect(passes(queue, 30)).toBe(16)
  })

  it('is what a fold of the log and a snapshot anywhere in it come to', () => {
    const queue = passing()
    passes(queue, 12)
    queue.send({ type: 'pause_model', model: 'b', reason: 'maintenance', until: null })
    const held = queue.ledger
    queue.send({ type: 'resume_model', model: 'b' })
    const { ledger } = fold(kept(held), queue.log.slice(held.version))
    queue.ledger = ledger
    expect(passes(queue, 12)).toBe(4)
  })
})
