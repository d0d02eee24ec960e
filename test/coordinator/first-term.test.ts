/** For how long a process decides for all when it begins to. */
import { expect, it } from 'vitest'
import { Crowd } from '../../src/coordinator/commit/crowd.ts'
import { OpenCommands } from '../../src/coordinator/commit/open-commands.ts'
import { LogView } from '../../src/coordinator/replica/log-view.ts'
import type { DecidingRole } from '../../src/port/index.ts'
import { memoryStore } from './support.ts'

/** The term that it asks for when it has missed so many events. */
async function termAfter(missed: number): Promise<number> {
  const log = new LogView({ store: memoryStore(), queue: 'default' })
  await memoryStore().open('default')
  log.head.hear(missed)
  let term = 0
  const deciding: DecidingRole = {
    handIn: async (_queue, { forMs }) => {
      term = forMs
      return { decides: true, version: 0, handed: [] }
    },
    pickUp: async () => ({ decides: true, handed: [] }),
  }
  const nothing = () => {}
  const crowd = new Crowd({
    ...{ log, deciding, name: () => 'w', onHanded: nothing, onOthers: nothing, onNobody: nothing },
    ...{ onStarted: nothing, onUnexpected: nothing },
  })
  const command = { id: 'c', hash: 1, workerId: 'w', body: { type: 'tick' } } as const
  const open = new OpenCommands([{ command, resolve: nothing, reject: nothing }], log)
  await crowd.handIn(open)
  open.close()
  return term
}

it('is some tenths of a second, and the time to read what it has missed, two seconds at most', async () => {
  expect(await termAfter(0)).toBe(200)
  expect(await termAfter(10_000)).toBe(400)
  expect(await termAfter(1_000_000)).toBe(2_000)
})
