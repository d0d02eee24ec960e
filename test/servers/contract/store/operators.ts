import assert from 'node:assert/strict'
import type { Bench } from './bench.ts'

/** Who acts through a process, beside the log. */
export function operatorContract({ it, store, other }: Bench): void {
  const ada = { operator: 'ada', host: 'db-7', command: 'interlock pause veo' }
  const among = async (queue: string, ids: readonly string[]) =>
    (await other().operators(queue, ids))
      .toSorted((a, b) => (a.workerId < b.workerId ? -1 : 1))
      .map(({ at, ...rest }) => {
        assert.ok(Number.isSafeInteger(at) && at > 0)
        return rest
      })

  it('knows who acted under a worker id; what was noted first stays', async (queue) => {
    await store().sign(queue, 'w1', ada)
    await store().sign(queue, 'w1', { operator: 'eve', host: null, command: null })
    await store().sign(queue, 'w2', { operator: 'ops', host: null, command: null })
    assert.deepEqual(await among(queue, ['w2', 'nobody', 'w1']), [
      { workerId: 'w1', ...ada },
      { workerId: 'w2', operator: 'ops', host: null, command: null },
    ])
    assert.deepEqual(await among(queue, []), [])
    assert.deepEqual(await among(`${queue}-other`, ['w1']), [])
  })

  it('forgets a person in every queue', async (queue) => {
    const person = `${ada.operator} of ${queue}`
    for (const name of [queue, `${queue}-other`]) {
      await store().open(name, { make: true })
      await store().sign(name, 'w1', { ...ada, operator: person })
    }
    await store().sign(queue, 'w2', ada)
    assert.equal(await store().forgetOperator(person), 2)
    assert.equal(await store().forgetOperator(person), 0)
    assert.deepEqual(await among(`${queue}-other`, ['w1']), [])
    assert.deepEqual(await among(queue, ['w1', 'w2']), [{ workerId: 'w2', ...ada }])
  })

  it('cuts what is long', async (queue) => {
    await store().sign(queue, 'w', {
      operator: 'o'.repeat(300),
      host: 'h'.repeat(300),
      command: 'c'.repeat(600),
    })
    const [{ operator = '', host = '', command = '' } = {}] = await among(queue, ['w'])
    assert.deepEqual([operator.length, host?.length, command?.length], [200, 200, 500])
  })
}
