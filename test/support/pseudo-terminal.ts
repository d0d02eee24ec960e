import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'

export interface Terminal {
  /** All that was written to it, with control characters. */
  output(): string
  /** What stands on the screen of a program that begins each picture at its top left corner, as text. */
  screen(): string
  type(keys: string): void
  /** As dragging the corner of the window does. */
  resize(rows: number, columns: number): Promise<void>
  /** The exit code, once the terminal is closed. */
  readonly ended: Promise<number | null>
}

const HOME = '\u001b[H'
const needs =
  'this test opens a terminal by `script` of util-linux, which Debian has in its package bsdutils: apt-get install bsdutils'

/** Runs a shell command on a pseudo-terminal of its own. */
export function pseudoTerminal(command: string, { rows = 40, columns = 110 } = {}): Terminal {
  const begin = `tty; stty rows ${rows} cols ${columns}; ${command}`
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', begin, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh' },
  })
  let written = ''
  let said = ''
  child.stdout.on('data', (data) => (written += String(data)))
  child.stderr.on('data', (data) => (said += String(data)))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${needs} (${error.message})`)))
    child.once('close', (code) =>
      /invalid option|illegal option|unrecognized option/.test(said)
        ? reject(new Error(`${needs} (${said.trim()})`))
        : resolve(code),
    )
  })
  ended.catch(() => {})
  onTestFinished(async () => {
    child.kill()
    await ended.catch(() => {})
  })
  return {
    output: () => written,
    screen: () => stripVTControlCharacters(written.slice(written.lastIndexOf(HOME))).replaceAll('\r', ''),
    type: (keys) => void child.stdin.write(keys),
    resize: async (to, wide) => {
      const tty = /\/dev\/\S+/.exec(written)?.[0] ?? ''
      const change = spawn('stty', ['-F', tty, 'rows', String(to), 'cols', String(wide)])
      await new Promise((resolve) => change.once('close', resolve))
    },
    ended,
  }
}
