import { execFile } from 'node:child_process'
import path from 'node:path'

const tsc = path.resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc')

/** What the compiler says of a project; nothing if all is well. */
export function compile(config: string, cwd: string): Promise<string> {
  // Several checkers each check what they share: on a machine that is busy with other tests, one takes half the time of two.
  const words = [tsc, '-p', config, '--checkers', '1']
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd }, (error, stdout, stderr) =>
      resolve(stdout || stderr || (error === null ? '' : error.message)),
    )
  })
}
