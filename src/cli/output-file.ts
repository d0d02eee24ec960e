import { NewFile, removeUnfinished } from '../history/files/parts.ts'
import type { Frame } from './frame.ts'

/**
 * What a flag asked for as a file, beside the result of some work: the path is tried before the work begins, and the file is there whole
 * or not at all.
 * @param file undefined: nobody asked for one
 * @throws InterlockError `invalid_input` when there is a file of that name, or none can be made; LocalFailure for a full disk
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

/** For a command that writes a file. A second Ctrl-C ends the process at once: what is half-written goes with it. */
export function leaveNothingHalf(): void {
  if (!isPromised) process.on('exit', removeUnfinished)
  isPromised = true
}
