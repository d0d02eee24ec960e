import type { Frame } from '../frame.ts'

/** Tells the demo, and keeps account of whether what it says is true. */
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

  /** What is typed or called, and what comes of it. */
  step(call: string, answer: string): void {
    const { cyan } = this.frame.colors
    this.say(`\n  ${cyan('>')} ${call}\n    ${answer}`)
  }

  /** A sentence that has to be true; one that is not fails the demo. */
  claim(holds: boolean, sentence: string): void {
    const { green, red } = this.frame.colors
    if (!holds) this.failures.push(sentence)
    this.say(`  ${holds ? green('✓') : red('✗')} ${sentence}`)
  }
}
