import type { Socket } from 'node:net'

/**
 * JSON values, one per line. `readline` does not fit: it also splits at U+2028, which JSON does not escape.
 * @param onLine called with each value; a line that is not JSON ends the connection
 */
export function readLines(socket: Socket, onLine: (value: unknown) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const value = parse(line)
      if (value === undefined) return void socket.destroy()
      onLine(value)
    }
  })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

export function writeLine(socket: Socket, value: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`)
}
