import { createConnection, type Socket } from 'node:net'
import { InterlockError } from '../../core/index.ts'
import type { Turn } from '../sql/index.ts'
import type { Backend } from './backend.ts'
import { type OwnerRequest, replySchema } from './messages.ts'
import { readLines, writeLine } from './socket-lines.ts'

/** A live owner greets at once, or after some seconds if it is busy computing. */
const GREETING_MS = 5_000
/** A live owner answers sooner. Without an answer, it is unknown whether it carried out the call. */
const ANSWER_MS = 15_000

type OwnerQuestion = OwnerRequest extends infer Each
  ? Each extends OwnerRequest
    ? Omit<Each, 'id'>
    : never
  : never

/**
 * The database behind the socket of the process that owns it. Null if no process answers there.
 * @param store the store's name for messages
 */
export async function connectToOwner(path: string, store: string): Promise<Backend | null> {
  const socket = createConnection(path)
  const asking = askingOver(socket, store)
  return (await asking.greeted) ? backendOver(socket, asking) : null
}

function backendOver(socket: Socket, { ask, lost, wakes }: OwnerConnection): Backend {
  let turns = 0
  return {
    rpc: (name, args) => ask({ do: 'call', name, args }),
    turn: () => turnOver(ask, ++turns),
    listen: (onWake) => {
      // A new function, so that one callback can be registered twice.
      const own = (payload: string) => onWake(payload)
      wakes.add(own)
      return () => void wakes.delete(own)
    },
    lost,
    close: async () => {
      // The socket did not keep the process alive, so that a program can end. Closing waits for the owner's answer.
      socket.ref()
      socket.end()
      await lost
    },
  }
}

function turnOver(ask: (request: OwnerQuestion) => Promise<unknown>, turn: number): Turn {
  return {
    begin: (queue, since) => ask({ do: 'begin', turn, queue, since }),
    finish: (name, args) => ask({ do: 'finish', turn, name, args }),
    giveUp: async () => {
      await ask({ do: 'give_up', turn })
    },
  }
}

interface PendingAnswer {
  resolve(answer: unknown): void
  reject(error: InterlockError): void
}

interface OwnerConnection {
  readonly ask: (request: OwnerQuestion) => Promise<unknown>
  /** Whether the owner has greeted. */
  readonly greeted: Promise<boolean>
  readonly lost: Promise<void>
  readonly wakes: Set<(payload: string) => void>
}

/** Questions and answers by number. Open questions keep the process alive; nothing else does. */
function askingOver(socket: Socket, store: string): OwnerConnection {
  const pending = new Map<number, PendingAnswer>()
  const wakes = new Set<(payload: string) => void>()
  const greeted = Promise.withResolvers<boolean>()
  const lost = Promise.withResolvers<void>()
  let ids = 0
  const settle = (id: number): PendingAnswer | undefined => {
    const waiting = pending.get(id)
    pending.delete(id)
    if (pending.size === 0) rest(socket)
    return waiting
  }
  socket.setTimeout(GREETING_MS, () => socket.destroy())
  // `close` reports what went wrong with a socket.
  socket.on('error', () => {})
  socket.once('close', () => {
    greeted.resolve(false)
    for (const id of [...pending.keys()]) settle(id)?.reject(ownerGone(store))
    lost.resolve()
  })
  readLines(socket, (line) => {
    const { data: reply } = replySchema.safeParse(line)
    if (!reply) return void socket.destroy()
    if ('owner' in reply) {
      rest(socket)
      return greeted.resolve(true)
    }
    if ('wake' in reply) return wakes.forEach((onWake) => void onWake(reply.wake))
    const waiting = settle(reply.id)
    if ('answer' in reply) return waiting?.resolve(reply.answer)
    const { code, message, details } = reply.failed
    waiting?.reject(new InterlockError(code, message, details))
  })
  const ask = (request: OwnerQuestion): Promise<unknown> => {
    if (socket.destroyed) return Promise.reject(ownerGone(store))
    const id = ++ids
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    pending.set(id, { resolve, reject })
    socket.ref()
    socket.setTimeout(ANSWER_MS)
    writeLine(socket, { id, ...request })
    return promise
  }
  return { ask, greeted: greeted.promise, lost: lost.promise, wakes }
}

/** There is no open question: stop waiting for an answer, and let the process end. */
function rest(socket: Socket): void {
  socket.setTimeout(0)
  socket.unref()
}

const ownerGone = (store: string): InterlockError =>
  new InterlockError(
    'store_unavailable',
    `${store}: the process that has it open ended or does not answer, so nobody knows what it did; ask again under the same id`,
  )
