import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { storeFailure, type Turn } from '../sql/index.ts'
import type { Backend } from './backend.ts'
import { type OwnerRequest, type Reply, type ReplyFailure, requestSchema } from './messages.ts'
import { readLines, writeLine } from './socket-lines.ts'

/**
 * Lets other processes of this user reach the database that this process owns. A process that connects before it is open waits.
 * @param path the path of the socket; only the owner of the file may connect
 * @returns the function that ends it; the turn of a lost connection is given up
 */
export async function serveOwner(
  path: string,
  backend: Promise<Backend>,
  store: string,
): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // `close` reports a peer that is gone. There is nothing else to do.
    socket.on('error', () => {})
    serve(socket, backend, store)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
  // Too many open files, say: a connection fails, and nothing else.
  server.on('error', () => {})
  await chmod(path, 0o600)
  // Serving others does not keep the process alive: it may end, and another process takes over.
  server.unref()
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

function serve(socket: Socket, backend: Promise<Backend>, store: string): void {
  const turns = new Map<number, Turn>()
  let stop = () => {}
  const say = (reply: Reply) => writeLine(socket, reply)
  backend.then(
    (opened) => {
      if (!socket.destroyed) stop = opened.listen((wake) => say({ wake }))
    },
    () => socket.destroy(),
  )
  socket.unref()
  socket.once('close', () => {
    stop()
    for (const turn of turns.values()) void turn.giveUp()
  })
  say({ owner: process.pid })
  const answer = async (line: unknown) => {
    const parsed = requestSchema.safeParse(line)
    if (!parsed.success) return void socket.destroy()
    const { id } = parsed.data
    try {
      say({ id, answer: (await perform(parsed.data, await backend, turns)) ?? null })
    } catch (error) {
      say({ id, failed: failureOf(error, store) })
    }
  }
  readLines(socket, (line) => void answer(line))
}

function failureOf(error: unknown, store: string) {
  const { code, message, details } = storeFailure(error, store)
  return { code, message, details: JSON.parse(JSON.stringify(details)) as ReplyFailure['details'] }
}

async function perform(request: OwnerRequest, backend: Backend, turns: Map<number, Turn>): Promise<unknown> {
  switch (request.do) {
    case 'call':
      return backend.rpc(request.name, request.args)
    case 'begin': {
      const turn = backend.turn()
      turns.set(request.turn, turn)
      return turn.begin(request.queue, request.since)
    }
    case 'finish':
      return taken(turns, request.turn)?.finish(request.name, request.args)
    case 'give_up':
      return taken(turns, request.turn)?.giveUp()
    default:
      return request satisfies never
  }
}

function taken(turns: Map<number, Turn>, id: number): Turn | undefined {
  const turn = turns.get(id)
  turns.delete(id)
  return turn
}
