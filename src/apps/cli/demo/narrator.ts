import type { Frame } from '../frame.ts'
import type { TextLines } from '../terminal/lines.ts'

/** Tells the demo, and records whether its claims are true. */
export class Narrator {
  readonly frame: Frame
  readonly failures: string[] = []
  #chapter = 0

  constructor(frame: Frame) {
    this.frame = frame
  }

  chapter(title: string): void {
    const { bold } = this.frame.colors
    this.say(['', bold(`${++this.#chapter}  ${title}`)])
  }

  /** Prints one paragraph. Under `--json` only the result is printed. */
  say(lines: TextLines): void {
    if (!this.frame.json) this.frame.print(lines)
  }

  /** Prints a command or call, and its result. */
  step(call: string, answer: string): void {
    const { cyan } = this.frame.colors
    this.say(['', `  ${cyan('>')} ${call}`, `    ${answer}`])
  }

  /** States a claim. If it is false, the demo fails. */
  claim(holds: boolean, sentence: string): void {
    const { green, red } = this.frame.colors
    if (!holds) this.failures.push(sentence)
    this.say(`  ${holds ? green('✓') : red('✗')} ${sentence}`)
  }
}
