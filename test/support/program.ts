import path from 'node:path'
import { madeOnce } from './once.ts'

/** The compiled file of a source: of a program of tests, or of `src/apps/cli/main.ts`, which is the command. */
export async function compiled(source: string): Promise<string> {
  const file = source.replace(/^src\/apps\/cli\//, 'cli/').replace(/\.ts$/, '.js')
  return path.join(await madeOnce('programs'), 'dist', file)
}
