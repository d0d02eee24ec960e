import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runCli } from '../../../src/apps/cli/program.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { afterEachFile } from '../../support/hooks.ts'

const folders: string[] = []

afterEachFile(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A folder that goes with the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-cli-'))
  folders.push(folder)
  return folder
}

/** The address of an embedded database with Interlock's tables and nothing in them. To make one from nothing takes seconds. */
export async function embeddedQueue(): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'db')
  await embeddedIn(folder)
  return `pglite:${folder}`
}

/** A file with this text, in a folder of its own. */
export async function fileWith(name: string, text: string | Buffer): Promise<string> {
  const file = path.join(await temporaryFolder(), name)
  await writeFile(file, text)
  return file
}

export interface Spoken {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process, as in a pipe; with `columns` as on a terminal that has so many; with `key`, that is what is typed. */
export async function interlock(
  words: readonly string[],
  {
    env = {},
    signal = new AbortController().signal,
    columns,
    key,
  }: { env?: Record<string, string>; signal?: AbortSignal; columns?: number; key?: string } = {},
): Promise<Spoken> {
  let stdout = ''
  let stderr = ''
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  const listen = (onKey: (key: string) => void) => {
    if (key !== undefined) onKey(key)
    return () => {}
  }
  const code = await runCli(words, {
    stdout: { write: (text) => (stdout += text), ...terminal },
    stderr: { write: (text) => (stderr += text), ...terminal },
    env,
    signal,
    ...(key === undefined ? {} : { keys: { listen } }),
  })
  return { code, stdout, stderr }
}
