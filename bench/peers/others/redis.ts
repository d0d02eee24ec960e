import { Redis } from 'ioredis'

export async function empty(url: string): Promise<void> {
  const client = new Redis(url)
  await client.flushall()
  await client.quit()
}

/** Commands that the server has been sent so far. */
export function counter(url: string) {
  const client = new Redis(url)
  return {
    count: async () => Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]),
    [Symbol.asyncDispose]: async () => void (await client.quit()),
  }
}
