import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { InterlockError } from '../../core/index.ts'

/** The lines of a text file, unpacked if its name ends in `.gz`. @throws InterlockError `invalid_input` */
export async function* textLines(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  const stream = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  // A pipe does not hand on the error of what it reads from.
  if (stream !== source) source.once('error', (error: Error) => stream.destroy(error))
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  let failure: unknown
  stream.once('error', (error: unknown) => {
    failure = error
    lines.close()
  })
  try {
    for await (const line of lines) yield line
    if (failure !== undefined) throw failure
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    lines.close()
    source.destroy()
  }
}

function unreadable(file: string, error: unknown): InterlockError {
  const { code, message } = error as NodeJS.ErrnoException
  const reason =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a folder'
        : code?.startsWith('Z_')
          ? 'it ends in .gz but is not whole gzip data'
          : message
  return new InterlockError('invalid_input', `${file}: ${reason}; give the path of a workload file`)
}
