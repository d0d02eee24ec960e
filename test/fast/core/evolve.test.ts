import { describe, expect, it } from 'vitest'
import {
  evolve,
  fold,
  InterlockError,
  type RecordedEvent,
  Replayer,
  replay,
} from '../../../src/engine/core/index.ts'
import { contentsOf } from '../../support/contents.ts'
import { given } from '../../support/scenario.ts'

/** A log with a bit of everything: waiting, a retry, a cancel, a drain. */
function logOfADay(): readonly RecordedEvent[] {
  const queue = given()
  queue.ask('A', ['a'])
  queue.enqueue('B', ['a'])
  queue.enqueue('C', ['c'])
  queue.fail('A', 0, { claim: { max: 1, kinds: null } })
  queue.cancel('C')
  queue.send({ type: 'drain' })
  queue.complete('A')
  queue.send({ type: 'resume' })
  queue.claim()
  return queue.log
}

function seqOf(refused: () => unknown): unknown {
  try {
    refused()
  } catch (error) {
    if (error instanceof InterlockError && error.code === 'corrupt_log') return error.details['seq']
    throw error
  }
  return undefined
}

describe('evolve refuses', () => {
  const log = logOfADay()

  it('an event that comes twice, naming it', () => {
    log.forEach((event, i) => {
      const twice = [...log.slice(0, i + 1), event]
      expect(seqOf(() => replay(twice))).toBe(event.seq)
    })
  })

  it('an event after one that is missing, naming the one it was given', () => {
    log.slice(0, -1).forEach((event, i) => {
      expect(seqOf(() => replay(log.filter((other) => other !== event)))).toBe(log[i + 1]?.seq)
    })
  })

  it('two events that changed places', () => {
    for (let i = 0; i + 1 < log.length; i++) {
      const swapped = [...log.slice(0, i), ...log.slice(i, i + 2).reverse(), ...log.slice(i + 2)]
      expect(seqOf(() => replay(swapped))).toBe(log[i + 1]?.seq)
    }
  })

  it('a time that does not rise', () => {
    for (const [i, event] of log.entries()) {
      const late = log.map((other) => (other === event ? { ...other, at: log[i - 1]?.at ?? 0 } : other))
      expect(seqOf(() => replay(late))).toBe(event.seq)
    }
  })

  it('and leaves the ledger it was given as it was', () => {
    for (const [i, event] of log.entries()) {
      const ledger = replay(log.slice(0, i))
      const before = JSON.stringify(contentsOf(ledger))
      const foreign = { ...event, seq: event.seq + 1 }
      expect(seqOf(() => evolve(ledger, foreign))).toBe(foreign.seq)
      expect(seqOf(() => fold(ledger, [event, event]))).toBe(event.seq)
      expect(JSON.stringify(contentsOf(ledger))).toBe(before)
    }
  })
})

describe('evolve refuses what cannot have happened', () => {
  /** `A` is active under its token, `B` waits on the same model, `late` is not due. */
  function scene() {
    const queue = given()
    queue.ask('A', ['a'])
    queue.enqueue('B', ['a'])
    queue.enqueue('late', ['b'], { runAt: queue.now + 60_000_000 })
    return { queue, token: queue.job('A')?.token ?? 0 }
  }
  const { queue, token } = scene()
  const spec = queue.job('A')?.spec ?? never()
  const start = { type: 'started' as const, workerId: 'w9', attempt: 1, models: ['a'] }

  const impossible: [string, Parameters<typeof next>[0]][] = [
    ['a job that is live coming again', { type: 'queued', jobId: 'A', spec }],
    ['a start of a job that nobody knows', { ...start, jobId: 'ghost' }],
    ['a start of an active job', { ...start, jobId: 'A' }],
    ['a start on a model that is full, beyond every slot', { ...start, jobId: 'B' }],
    ['a start of a job that is not due', { ...start, jobId: 'late' }],
    ['an end of a waiting job', { type: 'completed', jobId: 'B', token }],
    ['an end under another token', { type: 'completed', jobId: 'A', token: token - 1 }],
    [
      'a failure under another token',
      { type: 'failed', jobId: 'A', token: 0, code: 'timed_out', final: true },
    ],
    [
      'a lost lease of a waiting job',
      { type: 'lease_expired', jobId: 'B', token, workerId: 'w1', final: true },
    ],
    ['a waiting job asked to stop', { type: 'cancel_requested', jobId: 'B' }],
    ['an active job cancelled as if it waited', { type: 'cancelled', jobId: 'A', token: null }],
    ['an active job that expires', { type: 'expired', jobId: 'A' }],
    ['a job back in line that never left it', { type: 'requeued', jobId: 'B', reason: 'retry', runAt: null }],
    ['a job due before its time', { type: 'due', jobId: 'late' }],
    ['an active job that is moved', { type: 'reprioritized', jobId: 'A', priority: 1, position: origin() }],
    ['a reason why an active job waits', blocked('A')],
    ['an offer of an active job', { type: 'bypassed', jobId: 'x', jobType: 'normal', offers: ['A'] }],
    [
      'an offer of a job that is not due',
      { type: 'bypassed', jobId: 'x', jobType: 'normal', offers: ['late'] },
    ],
    ['a drain that is over before it began', { type: 'drained' }],
    ['an opening of an open queue', { type: 'resumed' }],
    ['an epoch that does not grow', { type: 'epoch_changed', epoch: 1 }],
  ]

  it.each(impossible)('%s', (_, event) => {
    const before = JSON.stringify(contentsOf(queue.ledger))
    expect(seqOf(() => evolve(queue.ledger, next(event)))).toBe(queue.ledger.version + 1)
    expect(JSON.stringify(contentsOf(queue.ledger))).toBe(before)
  })

  it('a start while the queue drains, and a second drain', () => {
    const { queue: other } = scene()
    other.send({ type: 'drain' })
    const again = {
      seq: other.ledger.version + 1,
      at: other.ledger.lastAt + 1,
      commandId: 'x',
      commandHash: 0,
    }
    expect(seqOf(() => evolve(other.ledger, { ...start, jobId: 'B', ...again }))).toBe(again.seq)
    expect(seqOf(() => evolve(other.ledger, { type: 'drain_requested', ...again }))).toBe(again.seq)
  })

  it('a type that this release does not know, and never guesses', () => {
    const unknown = { ...next({ type: 'drained' }), type: 'hovered' } as unknown as RecordedEvent
    expect(() => evolve(queue.ledger, unknown)).toThrow(expect.objectContaining({ code: 'unknown_event' }))
  })

  type Bare<T> = T extends unknown ? Omit<T, 'seq' | 'at' | 'commandId' | 'commandHash'> : never

  function next(event: Bare<RecordedEvent>): RecordedEvent {
    const { version, lastAt } = queue.ledger
    return { ...event, seq: version + 1, at: lastAt + 1, commandId: 'x', commandHash: 0 } as RecordedEvent
  }

  function origin() {
    return { level: 0, order: 0, tie: 0 }
  }

  function blocked(jobId: string) {
    return { type: 'blocked' as const, jobId, reason: 'serialized' as const, blockedBy: null, model: null }
  }

  function never(): never {
    throw new Error('the scene is set')
  }
})

describe('a replayer', () => {
  it('that met a corrupt event shows nothing any more: part of the event may be in it', () => {
    const [first, ...rest] = logOfADay() as [RecordedEvent, ...RecordedEvent[]]
    const replayer = new Replayer()
    replayer.push(first)
    const wrong = { ...(rest[0] as RecordedEvent), offers: ['ghost'] }
    expect(seqOf(() => replayer.push(wrong))).toBe(2)
    expect(seqOf(() => replayer.push(rest[0] as RecordedEvent))).toBe(2)
    expect(seqOf(() => replayer.ledger())).toBe(2)
  })
})
