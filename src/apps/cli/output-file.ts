import { NewFile, removeUnfinished } from '../../tools/history/files/new-file.ts'
import type { Frame } from './frame.ts'

/**
 * A file that a flag asked for, beside the result of some work. The path is tried before the work begins, and the file exists
 * whole or not at all.
 * @param file undefined: no file was asked for
 * @throws InterlockError `invalid_input` if the file exists or cannot be made; LocalFailure for a full disk
 */
export async function withOutput<T>(
  frame: Frame,
  flag: string,
  file: string | undefined,
  work: () => Promise<T>,
  textOf: (found: T) => string,
): Promise<T> {
  if (file === undefined) return work()
  leaveNothingHalf()
  const output = await NewFile.create(flag, file)
  const found = await written(output, work, textOf).catch(async (error: unknown) => {
    await output.discard()
    throw error
  })
  frame.note(`written: ${file}`)
  return found
}

async function written<T>(output: NewFile, work: () => Promise<T>, textOf: (found: T) => string): Promise<T> {
  const found = await work()
  await output.write(Buffer.from(textOf(found)))
  await output.finish()
  return found
}

let isPromised = false

/** For a command that writes a file. A second Ctrl-C ends the process at once; half-written files are removed. */
export function leaveNothingHalf(): void {
  if (!isPromised) process.on('exit', removeUnfinished)
  isPromised = true
}
