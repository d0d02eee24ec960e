import type { Cli } from '../cli.ts'
import { examine } from '../doctor/examine.ts'
import type { Finding } from '../doctor/finding.ts'
import { sizeText } from '../doctor/sizes.ts'
import { FoundSomething } from '../failure.ts'
import type { Frame } from '../frame.ts'
import { wholeNumber } from '../whole-number.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly waiting: string
}

export function addDoctor(cli: Cli): void {
  cli
    .command<Options>(
      'doctor',
      [
        ['doctor', 'exit code 3 when there is a problem; notes alone are none'],
        ['doctor --json', 'the findings and the size of the log, for a monitor'],
      ],
      async (frame, _, { waiting }) => {
        const minutes = wholeNumber('--waiting', waiting, 1, 1_000_000) ?? 30
        const { findings, log } = await examine(frame, minutes * 60_000)
        const ok = findings.every(({ level }) => level === 'note')
        const sizes = log === null ? '' : `\n${sizeText(frame, log)}`
        frame.emit({ queue: frame.queue, ok, findings, log }, `${textOf(frame, findings)}${sizes}`)
        if (!ok) throw new FoundSomething()
      },
    )
    .option('--waiting <minutes>', 'a job may wait so long before that is worth a note', '30')
}

function textOf(frame: Frame, findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing found'
  const { red, yellow, dim } = frame.colors
  return findings
    .map(({ level, what, remedy }) => {
      const mark = level === 'problem' ? red('problem') : yellow('note   ')
      return `${mark}  ${what}\n         ${dim('to do:')} ${remedy}`
    })
    .join('\n')
}
