import type { Frame } from '../frame.ts'

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
    this.say(`\n${bold(`${++this.#chapter}  ${title}`)}`)
  }

  /** One paragraph; under `--json` nothing but the result is printed. */
  say(text: string): void {
    if (!this.frame.json) this.frame.print(text)
  }

  /** A command or call, and its result. */
  step(call: string, answer: string): void {
    const { cyan } = this.frame.colors
    this.say(`\n  ${cyan('>')} ${call}\n    ${answer}`)
  }

  /** A claim that has to be true; a false one fails the demo. */
  claim(holds: boolean, sentence: string): void {
    const { green, red } = this.frame.colors
    if (!holds) this.failures.push(sentence)
    this.say(`  ${holds ? green('✓') : red('✗')} ${sentence}`)
  }
}
