import { writeFile } from 'node:fs/promises'
import { InterlockError } from '../core/index.ts'
import type { Frame } from './frame.ts'

/** Writes what a flag asked for, and says so beside the result. @throws InterlockError `invalid_input` */
export async function writeOutput(frame: Frame, flag: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InterlockError(
      'invalid_input',
      `${flag} ${file}: cannot be written (${code}); give another path`,
    )
  }
  frame.note(`written: ${file}`)
}
