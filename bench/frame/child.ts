import { fork } from 'node:child_process'
import { compiledProgram } from './programs.ts'

/** Runs a program of the bench in a process of its own, and gives the one message it sends. */
export async function answerOf<Out>(
  program: URL,
  input: unknown,
  execArgv: readonly string[] = [],
): Promise<Out> {
  const file = await compiledProgram(program)
  return new Promise((resolve, reject) => {
    const child = fork(file, [JSON.stringify(input)], { execArgv: [...execArgv] })
    let answer: { readonly value: Out } | undefined
    child.once('message', (value) => {
      answer = { value: value as Out }
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 && answer !== undefined) resolve(answer.value)
      else reject(new Error(`${program.pathname} ended with code ${code} and no answer`))
    })
  })
}

/** In the child: what it was asked for. */
export function asked<In>(): In {
  return JSON.parse(process.argv[2] ?? '') as In
}

/** In the child: the answer. It leaves when the parent has it. */
export function answer(value: unknown): void {
  process.send?.(value, () => process.disconnect())
}
