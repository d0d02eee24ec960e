import { clock } from './clock.ts'
import type { Session } from './peer.ts'
import type { EnqueueOrder } from './process.ts'
import { tasksOn } from './tasks.ts'

/** Jobs per second of calls with so many jobs each, so many calls under way. A tenth of the time warms up. */
export async function measureEnqueue(
  session: Pick<Session, 'enqueue'>,
  { perCall, atOnce, ms }: EnqueueOrder,
): Promise<number> {
  let n = 0
  const until = async (end: number) => {
    const caller = async () => {
      while (clock() < end) {
        const tasks = tasksOn([], perCall, n)
        n += perCall
        await session.enqueue(tasks)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, caller))
  }
  await until(clock() + ms / 10)
  const [from, before] = [clock(), n]
  await until(from + ms)
  return ((n - before) * 1_000) / (clock() - from)
}
