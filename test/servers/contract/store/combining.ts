import assert from 'node:assert/strict'
import { leaseOf } from '../../../../src/engine/core/index.ts'
import type {
  CombiningRole,
  CommandWithData,
  LogStore,
  PublicationMark,
  ReceivedAnswers,
} from '../../../../src/engine/store/index.ts'
import { appendNow, freshCommandId, handMade, queuedEvent, standOf, until, waitingRow } from '../hand-made.ts'
import type { Bench } from './bench.ts'

const command = (jobId: string): CommandWithData => ({
  command: {
    id: freshCommandId(),
    hash: 7,
    workerId: 'w',
    claim: { max: 2, kinds: null },
    body: { type: 'cancel', jobId, force: false },
  },
  data: [{ jobId, error: { message: 'stopped' } }],
})

const idsOf = (commands: readonly CommandWithData[]) => commands.map(({ command: { id } }) => id)

/**
 * One process carries out what all publish: docs/inside/several-writers.md.
 * @param tells false: senders read the log for what came of their commands
 */
export function combiningContract(bench: Bench, tells: boolean): void {
  if (tells) tellingContract(bench)
  const { it } = bench
  const [store, other] = [() => combiningOf(bench.store()), () => combiningOf(bench.other())]
  const publishing = (queue: string, ...commands: readonly CommandWithData[]) =>
    publishedTo(bench, queue, ...commands)

  it('lets the first who publishes combine, and gives it what others publish, as it was', async (queue) => {
    const [first, second] = [command('first'), command('second')]
    const answer = await store().publish(queue, { ...a, commands: [first] })
    assert.deepEqual(answer, { combines: true, version: 0, published: [] })
    assert.equal((await other().publish(queue, { ...b, commands: [second] })).combines, false)
    const { combines, published } = await store().resign(queue, resigning)
    assert.equal(combines, true)
    const [{ answerTo: _, ...one } = { answerTo: '' }] = published
    assert.deepEqual(one, { ...second, sender: 'b' })
  })

  it('brings what was published with an append, in order, and deletes what that has carried out', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    const commands = [command('x'), command('y'), command('z')]
    await publishing(queue, ...commands)
    const made = (version: number, done: readonly string[], combiner = 'a') => ({
      ...handMade({ queue, version, at: at + version, events: [queuedEvent(`job-${version}`)] }),
      answered: { combiner, done, senders: ['b'] },
    })
    const first = await bench.store().append(made(0, []))
    assert.ok(first.ok && first.published !== undefined && first.combines === true)
    assert.deepEqual(idsOf(first.published), idsOf(commands))
    const [x, , z] = first.published
    const second = await bench.store().append(made(1, [x?.command.id ?? '', z?.command.id ?? '']))
    assert.ok(second.ok && second.published !== undefined)
    assert.deepEqual(idsOf(second.published), idsOf(commands.slice(1, 2)))
    const third = await bench.other().append(made(2, [], 'b'))
    assert.ok(third.ok && third.combines === false)
  })

  it('says to who appends by itself that there is a combiner', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    const append = async (version: number) => {
      const events = [queuedEvent(`job-${version}`)]
      const answer = await bench.other().append(handMade({ queue, version, at: at + version, events }))
      assert.ok(answer.ok)
      return answer.combines
    }
    assert.equal(await append(0), undefined)
    await store().publish(queue, { ...a, commands: [command('own')] })
    assert.equal(await append(1), false)
    await store().resign(queue, resigning)
    assert.equal(await append(2), undefined)
  })

  it('has what is published again once', async (queue) => {
    const twice = command('twice')
    await publishing(queue, twice)
    await other().publish(queue, { ...b, commands: [twice, command('more')] })
    const { published } = await store().resign(queue, resigning)
    assert.equal(published.length, 2)
    assert.equal(published[0]?.command.id, twice.command.id)
  })

  it('keeps what was published where an append is refused, and says whether its sender still combines', async (queue) => {
    const { at } = await standOf(bench.store(), queue)
    await publishing(queue, command('x'))
    const { published } = await store().resign(queue, resigning)
    const late = handMade({ queue, version: 3, at, events: [queuedEvent('late')] })
    const answered = { combiner: 'a', done: idsOf(published), senders: ['b'] }
    const answer = await bench.store().append({ ...late, answered })
    assert.ok(!answer.ok && answer.combines === true)
    assert.deepEqual((await store().resign(queue, resigning)).published, published)
    const others = await bench.store().append({ ...late, answered: { ...answered, combiner: 'b' } })
    assert.equal(others.combines, false)
  })

  it('does not let it resign while something is published, and lets the next one combine after that', async (queue) => {
    await publishing(queue, command('x'))
    const { combines, published } = await store().resign(queue, resigning)
    assert.ok(combines && published.length === 1)
    const done = idsOf(published)
    assert.deepEqual(await store().resign(queue, { ...resigning, done }), { combines: false, published: [] })
    assert.equal((await other().publish(queue, { ...b, commands: [command('y')] })).combines, true)
    assert.deepEqual(await store().resign(queue, resigning), { combines: false, published: [] })
  })

  it('replaces a combiner that has carried out nothing since the last look, and no other one', async (queue) => {
    const left = command('left')
    const first = await publishing(queue, left)
    const own = command('own')
    // Another one publishes before that one looks again: nothing was carried out, so it takes the place.
    const answer = await other().publish(queue, { ...b, seen: first, commands: [own] })
    assert.ok(answer.combines)
    assert.deepEqual(idsOf(answer.published), [left.command.id])
    const replaced = await store().publish(queue, { ...a, seen: first, commands: [command('late')] })
    assert.ok(!replaced.combines && replaced.barren === 1)
    // The combiner carries out the first one: it makes progress.
    const { at } = await standOf(bench.store(), queue)
    const carrying = handMade({ queue, version: 0, at, events: [queuedEvent('job')] })
    const done = [left.command.id]
    await bench.other().append({ ...carrying, answered: { combiner: 'b', done, senders: [] } })
    const again = await store().publish(queue, { ...a, seen: replaced.seen, commands: [command('later')] })
    assert.equal(again.combines, false)
  })

  it('counts elections that came to nothing, so that the next one waits longer', async (queue) => {
    let seen = await publishing(queue, command('never'))
    for (const barren of [1, 2]) {
      const sender = `c-${barren}`
      const elected = await other().publish(queue, { ...b, sender, seen, commands: [command('own')] })
      assert.equal(elected.combines, true)
      const answer = await store().publish(queue, { ...a, commands: [command('own')] })
      assert.ok(!answer.combines)
      assert.equal(answer.barren, barren)
      seen = answer.seen
    }
  })

  it('names who combines, and those whose commands are done with, and says when nobody combines any more', async (queue) => {
    const named: (readonly string[] | null)[] = []
    let isOver = false
    const stop = await bench.other().listen(queue, (wake) => {
      if (wake.type === 'answered') named.push(wake.senders)
      else if (wake.type === 'resigned') named.push(null)
      else if (wake.type === 'appended' && wake.version === 1) isOver = true
    })
    await publishing(queue, command('x'), command('y'))
    const { published } = await store().resign(queue, resigning)
    const [x = '', y = ''] = idsOf(published)
    const some = { ...resigning, done: [x], senders: ['b', 'oncall:w3fK0aB9'] }
    assert.equal((await store().resign(queue, some)).combines, true)
    await store().resign(queue, { ...resigning, done: [y] })
    // What is told comes in order: after this nothing of the above is still to come.
    await appendNow(bench.store(), queue, [queuedEvent('last')])
    await until('the append is told', () => isOver)
    assert.deepEqual(named, [['a'], ['b', 'oncall:w3fK0aB9'], null])
    await stop()
  })
}

const a = { sender: 'a', waitMs: 60_000, seen: null }
const b = { sender: 'b', waitMs: 60_000, seen: null }
const resigning = { combiner: 'a', done: [], senders: [] }

/** `a` combines; b publishes these. */
async function publishedTo(
  { store, other }: Bench,
  queue: string,
  ...commands: readonly CommandWithData[]
): Promise<PublicationMark> {
  await combiningOf(store()).publish(queue, { ...a, commands: [command('own')] })
  const answer = await combiningOf(other()).publish(queue, { ...b, commands })
  assert.ok(!answer.combines)
  return answer.seen
}

/** What came of a command is told to its sender alone. */
function tellingContract(bench: Bench): void {
  bench.it(
    'tells only the sender what came of its commands, with the data of what was started for it',
    async (queue) => {
      const { at } = await standOf(bench.store(), queue)
      const heard: ReceivedAnswers[] = []
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
      await publishedTo(bench, queue, command('x'), command('y'))
      const [first, second] = (await combiningOf(bench.store()).resign(queue, resigning)).published
      const { answerTo: to } = first ?? {}
      assert.ok(first && second && to !== undefined)
      const queued = queuedEvent('started')
      assert.ok(queued.type === 'queued')
      const { spec } = queued
      const data = [{ jobId: 'started', payload: { n: 1 } }]
      await bench
        .store()
        .append(
          handMade({ queue, version: 0, at, events: [queued], jobs: [waitingRow('started', at)], data }),
        )
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
        answered: {
          ...{ combiner: 'a', done, senders: [], concern: 'free' },
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
    },
  )
}

function combiningOf({ combining }: LogStore): CombiningRole {
  assert.ok(combining, 'the store does not combine')
  return combining
}
