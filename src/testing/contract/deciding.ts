import assert from 'node:assert/strict'
import { leaseOf } from '../../core/index.ts'
import type { DecidingRole, Handing, HeardAnswers, HeardCommands, LogStore } from '../../port/index.ts'
import { appendNow, freshCommandId, handMade, queuedEvent, standOf, until, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const command = (jobId: string): Handing => ({
  command: {
    id: freshCommandId(),
    hash: 7,
    workerId: 'w',
    claim: { max: 2, kinds: null },
    body: { type: 'cancel', jobId, force: false },
  },
  data: [{ jobId, error: { message: 'stopped' } }],
})

const idsOf = (handed: readonly Handing[]) => handed.map(({ command: { id } }) => id)

/** One process decides for all while there is something to write. */
export function decidingContract(bench: Bench): void {
  const { it } = bench
  const [store, other] = [() => decidingOf(bench.store()), () => decidingOf(bench.other())]
  const a = { sender: 'a', forMs: 60_000 }
  const b = { sender: 'b', forMs: 60_000 }
  const goesOn = { decider: 'a', forMs: 60_000, done: [], senders: [], resigns: false }

  it('lets the first who hands in decide, and gives it what others hand in, as it was', async (queue) => {
    const [first, second] = [command('first'), command('second')]
    const answer = await store().handIn(queue, { ...a, commands: [first] })
    assert.deepEqual(answer, { decides: true, version: 0, handed: [] })
    assert.equal((await other().handIn(queue, { ...b, commands: [second] })).decides, false)
    const { decides, handed } = await store().pickUp(queue, goesOn)
    assert.equal(decides, true)
    const [{ answerTo: _, ...picked } = { answerTo: '' }] = handed
    assert.deepEqual(picked, { ...second, sender: 'b' })
  })

  it('brings what was handed in with an append, in order, and deletes what that has decided', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    const commands = [command('x'), command('y'), command('z')]
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands })
    const made = (version: number, done: readonly string[]) => ({
      ...handMade({ queue, version, at: at + version, events: [queuedEvent(`job-${version}`)] }),
      handled: { done, senders: ['b'] },
    })
    const first = await bench.store().append(made(0, []))
    assert.ok(first.ok && first.handed !== undefined)
    assert.deepEqual(idsOf(first.handed), idsOf(commands))
    const [x, , z] = first.handed
    const second = await bench.store().append(made(1, [x?.command.id ?? '', z?.command.id ?? '']))
    assert.ok(second.ok && second.handed !== undefined)
    assert.deepEqual(idsOf(second.handed), idsOf(commands.slice(1, 2)))
  })

  it('has what is handed in again once', async (queue) => {
    const twice = command('twice')
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [twice] })
    await other().handIn(queue, { ...b, commands: [twice, command('more')] })
    const { handed } = await store().pickUp(queue, goesOn)
    assert.equal(handed.length, 2)
    assert.equal(handed[0]?.command.id, twice.command.id)
  })

  it('keeps what was handed in where an append is refused', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [command('x')] })
    const { handed } = await store().pickUp(queue, goesOn)
    const late = handMade({ queue, version: 3, at, events: [queuedEvent('late')] })
    const done = idsOf(handed)
    const answer = await bench.store().append({ ...late, handled: { done, senders: ['b'] } })
    assert.equal(answer.ok, false)
    assert.deepEqual((await store().pickUp(queue, goesOn)).handed, handed)
  })

  it('does not let it resign while something waits, and lets the next one decide after that', async (queue) => {
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [command('x')] })
    const resigning = { ...goesOn, resigns: true }
    const { decides, handed } = await store().pickUp(queue, resigning)
    assert.ok(decides && handed.length === 1)
    const done = idsOf(handed)
    assert.deepEqual(await store().pickUp(queue, { ...resigning, done }), { decides: false, handed: [] })
    assert.equal((await other().handIn(queue, { ...b, commands: [command('y')] })).decides, true)
    assert.deepEqual(await store().pickUp(queue, goesOn), { decides: false, handed: [] })
  })

  it('gives what waits to who comes after the time of the one that decided', async (queue) => {
    const left = command('left')
    await store().handIn(queue, { ...a, forMs: 60_000, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [left] })
    await store().pickUp(queue, { ...goesOn, forMs: 1 })
    const handed: Handing[] = []
    await until('the next one decides', async () => {
      const answer = await other().handIn(queue, { ...b, commands: [command('again')] })
      if (answer.decides) handed.push(...answer.handed)
      return answer.decides
    })
    assert.ok(idsOf(handed).includes(left.command.id))
  })

  it('tells only the sender what came of its commands, with the data of what was started for it', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    const heard: HeardAnswers[] = []
    const concerns: unknown[] = []
    const stops = await Promise.all(
      [bench.store(), bench.other()].map((each) =>
        each.listen(queue, (wake) => {
          if (wake.type === 'answers') heard.push(wake.answers)
          const isSaid = wake.type === 'appended' && wake.version === 2 && wake.news === undefined
          if (isSaid) concerns.push(wake.concern)
        }),
      ),
    )
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [command('x'), command('y')] })
    const [first, second] = (await store().pickUp(queue, goesOn)).handed
    const { answerTo: to } = first ?? {}
    assert.ok(first && second && to !== undefined)
    const queued = queuedEvent('started')
    assert.ok(queued.type === 'queued')
    const { spec } = queued
    const data = [{ jobId: 'started', payload: { n: 1 } }]
    await bench
      .store()
      .append(handMade({ queue, version: 0, at, events: [queued], jobs: [waitingRow('started', at)], data }))
    const lease = leaseOf('started', 2, 1)
    const started = { lease, spec, attempt: 2, attempts: 3, postponed: 2, workerId: 'w' }
    const accepted = { ok: true, started: [started], waiting: [], bypassed: [], changed: true } as const
    const refused = { ok: false, code: 'stale_token', message: 'a newer attempt runs' } as const
    const answers = [
      { commandId: first.command.id, result: accepted },
      { commandId: second.command.id, result: refused },
    ]
    const done = idsOf([first, second])
    await bench.store().append({
      ...handMade({ queue, version: 1, at: at + 1, events: [queuedEvent('other')] }),
      handled: {
        ...{ done, senders: [], concern: 'free' },
        answers: [{ to, sender: 'b', answers, wanted: ['started'] }],
      },
    })
    await until('both are told', () => heard.length > 0 && concerns.length > 1)
    await Promise.all(stops.map((stop) => stop()))
    assert.deepEqual(
      heard.map(({ version, answers: told }) => ({ version, told })),
      [{ version: 2, told: answers }],
    )
    assert.deepEqual(heard[0]?.data[0]?.payload, { n: 1 })
    assert.deepEqual([...new Set(concerns)], ['free'])
  })

  it('says who decides and hears, which is then told of commands', async (queue) => {
    const heard: HeardCommands[] = []
    const stops = await Promise.all(
      [bench.store(), bench.other()].map((each) =>
        each.listen(queue, (wake) => void (wake.type === 'commands' && heard.push(wake.commands))),
      ),
    )
    await store().handIn(queue, { ...a, commands: [command('own')] })
    const answer = await other().handIn(queue, { ...b, commands: [command('x')] })
    assert.ok(!answer.decides && answer.decider !== undefined)
    const told = [command('y'), command('z')]
    const handings = { sender: 'b', commands: told, afterMs: 1.5 }
    assert.equal(await other().tell?.(queue, answer.decider, handings), true)
    await until('it is told', () => heard.length > 0)
    await Promise.all(stops.map((stop) => stop()))
    const [{ decider, afterMs, handed } = { decider: '', afterMs: 0, handed: [] }] = heard
    assert.deepEqual({ decider, afterMs }, { decider: 'a', afterMs: 1.5 })
    const answerTo = handed[0]?.answerTo
    assert.notEqual(answerTo, undefined)
    assert.deepEqual(
      handed,
      told.map((one) => ({ ...one, sender: 'b', answerTo, isTold: true })),
    )
    // The store has kept only what was handed in.
    assert.equal((await store().pickUp(queue, goesOn)).handed.length, 1)
  })

  it('names who decides, and those whose commands are done with, and says when nobody decides any more', async (queue) => {
    const named: (readonly string[] | null)[] = []
    let isOver = false
    const stop = await bench.other().listen(queue, (wake) => {
      if (wake.type === 'handled') named.push(wake.senders)
      else if (wake.type === 'resigned') named.push(null)
      else if (wake.type === 'appended' && wake.version === 1) isOver = true
    })
    await store().handIn(queue, { ...a, commands: [command('own')] })
    await other().handIn(queue, { ...b, commands: [command('x')] })
    const { handed } = await store().pickUp(queue, goesOn)
    await store().pickUp(queue, { ...goesOn, done: idsOf(handed), senders: ['b', 'oncall:w3fK0aB9'] })
    await store().pickUp(queue, { ...goesOn, resigns: true })
    // What is told comes in order: after this nothing of the above is still to come.
    await appendNow(bench.store(), queue, [queuedEvent('last')])
    await until('the append is told', () => isOver)
    assert.deepEqual(named, [['a'], ['b', 'oncall:w3fK0aB9'], null])
    await stop()
  })
}

function decidingOf({ deciding }: LogStore): DecidingRole {
  assert.ok(deciding, 'the store lets no process decide for others')
  return deciding
}
