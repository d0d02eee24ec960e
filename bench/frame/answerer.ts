import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { compiledProgram } from './programs.ts'

const NO_MORE = 'no more'

/** A program of the bench that goes on running, and answers one question after the other. */
export class Answerer<Question extends object, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param input what the program finds by `asked` */
  static async start<Question extends object, Answer>(program: URL, input: unknown) {
    const child = fork(await compiledProgram(program), [JSON.stringify(input)])
    const made = new Answerer<Question, Answer>(child)
    await made.#word()
    return made
  }

  async ask(question: Question): Promise<Answer> {
    const word = this.#word()
    this.#child.send(question)
    return (await word) as Answer
  }

  async #word(): Promise<unknown> {
    const over = new AbortController()
    const { signal } = over
    const word = once(this.#child, 'message', { signal })
    const gone = once(this.#child, 'close', { signal }).then(([code]) => {
      throw new Error(`${this.#child.spawnfile} ended with code ${code} and no answer`)
    })
    try {
      const [said] = await Promise.race([word, gone])
      return said
    } finally {
      over.abort()
      await Promise.allSettled([word, gone])
    }
  }

  /** Stops the program, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name)
  }

  /** Ends the program at once, whatever it does. */
  async end(): Promise<void> {
    const gone = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, 'close')
    this.#child.send(NO_MORE)
    await gone
  }
}

/** In the child: answers until there are no more questions. Then it has to disconnect. */
export async function answerEach<Question>(
  answerTo: (question: Question) => Promise<unknown>,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  // The bench was ended, by Ctrl-C for example: nobody asks any more.
  const leave = () => process.exit(1)
  process.once('disconnect', leave)
  process.on('message', (question: Question | typeof NO_MORE) => {
    if (question === NO_MORE) over.resolve()
    else answerTo(question).then((answer) => process.send?.(answer), over.reject)
  })
  process.send?.('ready')
  await over.promise
  process.off('disconnect', leave)
}
