import { onTestFinished } from 'vitest'
import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  type Grant,
} from '../../../src/apps/dashboard/index.ts'
import { type Coordinator, createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'

export const operator: Grant = { actor: 'oncall', role: 'operator', data: true }
export const viewer: Grant = { actor: 'bob', role: 'viewer' }

export interface Mounted {
  readonly store: LogStore
  readonly dashboard: Dashboard
  readonly coordinator: Coordinator
  /** What a page on the right host, that was loaded from there, sends. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
}

export const HOST = 'localhost:8080'

/** A dashboard over a queue in memory with two jobs on one model: `a` runs, `b` waits for it. */
export async function mounted(options: Partial<DashboardOptions> = {}): Promise<Mounted> {
  const store = options.store ?? memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const dashboard = createDashboard({ authorize: () => operator, ...options, store })
  onTestFinished(async () => {
    await dashboard.close()
    await coordinator.close()
  })
  await coordinator.enqueue(['a', 'b'].map((jobId) => ({ jobId, models: ['m'], payload: { secret: 1 } })))
  await coordinator.claim({ max: 1, kinds: null })
  return { store, dashboard, coordinator, ...clientOf(dashboard) }
}

export function clientOf(dashboard: Pick<Dashboard, 'fetch'>) {
  const url = (path: string) => `http://${HOST}${path}`
  return {
    get: (path: string, headers: Record<string, string> = {}) =>
      dashboard.fetch(
        new Request(url(path), { headers: { host: HOST, 'sec-fetch-site': 'same-origin', ...headers } }),
      ),
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      dashboard.fetch(
        new Request(url(path), {
          method: 'POST',
          body: JSON.stringify(body),
          headers: {
            ...{ host: HOST, origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin' },
            ...{ 'content-type': 'application/json', ...headers },
          },
        }),
      ),
  }
}

/** A store in memory that notes from where events are read, but for looks at the head. */
export function notingReads() {
  const inner = memoryStore()
  const reads: number[] = []
  const store: LogStore = {
    ...inner,
    read: (queue, after, limit) => {
      if (limit > 1) reads.push(after)
      return inner.read(queue, after, limit)
    },
  }
  return { store, reads }
}

export interface Message {
  readonly event: string
  readonly id: number | null
  // biome-ignore lint/suspicious/noExplicitAny: what was sent, as JSON
  readonly data: any
}

/** The messages of a stream, as they come. */
export async function* messagesIn(response: Response): AsyncGenerator<Message> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + text).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]))
      const [event, data, id] = ['event', 'data', 'id'].map((name) => fields.get(name))
      if (event === undefined || data === undefined) continue
      yield { event, id: id === undefined ? null : Number(id), data: JSON.parse(data) }
    }
  }
}
