/** A program may end its process as soon as it hears that the log went back: by then the queue is held in a new epoch. */
import { firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { InterlockError } from '../../../src/engine/core/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryDatabase } from '../../../src/engine/store/memory/index.ts'
import { backUp } from '../../fast/sim/backup.ts'
import { join, memoryStore } from './support.ts'

/** A process that knows more than the database does since a backup was put in its place. */
async function restored(options: { readonly takesEpochs: boolean }) {
  const database = memoryDatabase()
  const plain = memoryStore(database)
  const refuses = (events: readonly { readonly type: string }[]) =>
    !options.takesEpochs && events.some(({ type }) => type === 'epoch_changed')
  const store: LogStore = {
    ...plain,
    append: async (request) => {
      if (refuses(request.events)) throw new InterlockError('store_unavailable', 'as the test wished')
      return plain.append(request)
    },
  }
  const coordinator = await join({ store, pollMs: 60_000, patienceMs: 50 })
  const queue = database.queues.get('default')
  if (queue === undefined) throw new Error('nobody has opened the queue')
  const restore = backUp(queue)
  await coordinator.enqueue([{ jobId: 'a', models: ['m'] }])
  restore()
  const epochs: number[] = []
  coordinator.stopped$.subscribe(() => epochs.push(queue.epoch))
  return { coordinator, queue, epochs, stopped: firstValueFrom(coordinator.stopped$) }
}

describe('stopped$ after a restore', () => {
  it('emits, and commands are refused, once the new epoch is in the log', async () => {
    const { coordinator, queue, epochs, stopped } = await restored({ takesEpochs: true })
    const put = (jobId: string) =>
      coordinator.enqueue([{ jobId, models: ['m'] }]).catch((error) => [error.code, queue.epoch])
    expect(await Promise.all([put('b'), put('c')])).toEqual([
      ['log_went_back', 2],
      ['log_went_back', 2],
    ])
    expect(await stopped).toMatchObject({ code: 'log_went_back' })
    expect(epochs).toEqual([2])
  })

  it('says what has to be done by hand when the epoch cannot be written', async () => {
    const { coordinator, epochs, stopped } = await restored({ takesEpochs: false })
    const refused = coordinator.enqueue([{ jobId: 'b', models: ['m'] }])
    await expect(refused).rejects.toMatchObject({ message: /npx interlock-queue recover --begin/ })
    expect(await stopped).toMatchObject({ code: 'log_went_back', details: { isHeld: false } })
    expect(epochs).toEqual([1])
  })
})
