import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import type { Account } from '../../support/postgres.ts'

export interface Home {
  readonly folder: string
  /** Nobody but an ordinary user may run a server. */
  readonly account: Account | undefined
  /** Where else programs are. */
  readonly bin: string
}

/** A program as a direct child, whose output is in a file of the folder. */
export function start(
  { folder, account, bin }: Home,
  program: string,
  words: readonly string[],
  name: string,
): ChildProcess {
  const output = createWriteStream(path.join(folder, `${name}.log`), { flags: 'a' })
  const env = { PATH: `${bin}:${process.env['PATH']}`, LC_ALL: 'C', HOME: folder }
  const child = spawn(program, [...words], {
    ...account,
    ...{ cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as const },
  })
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  child.once('error', (error) => output.write(String(error)))
  return child
}
