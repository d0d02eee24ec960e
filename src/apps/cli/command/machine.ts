import {
  coordinatorMachine,
  jobMachine,
  machineDefinition,
  machineMermaid,
  machineStudio,
} from '../../../../machines/index.ts'
import { invalidInput } from '../../../engine/core/index.ts'
import type { Cli } from '../cli.ts'

interface Options {
  readonly format: string
}

const machines = { coordinator: coordinatorMachine, job: jobMachine } as const
type DrawnMachine = (typeof machines)[keyof typeof machines]

/** Each format for programs, and as text. */
const formats = {
  mermaid: (machine: DrawnMachine) => ({
    document: { mermaid: machineMermaid(machine) },
    text: machineMermaid(machine),
  }),
  json: (machine: DrawnMachine) => {
    const definition = machineDefinition(machine)
    return { document: definition, text: JSON.stringify(definition, null, 2) }
  },
  studio: (machine: DrawnMachine) => ({
    document: { studio: machineStudio(machine) },
    text: machineStudio(machine),
  }),
}

export function addMachine(cli: Cli): void {
  cli
    .command<Options>(
      'machine',
      [
        ['machine --format mermaid', 'a picture for Markdown'],
        ['machine --format studio', 'code to paste into Stately Studio: Import from code'],
        ['machine job --format json', 'the definition of a job, for other tools'],
      ],
      async (frame, [name = 'coordinator'], { format }) => {
        const machine = Object.hasOwn(machines, name) ? machines[name as keyof typeof machines] : undefined
        if (machine === undefined) {
          throw invalidInput(`there is no machine ${name}; it is coordinator or job`)
        }
        if (!Object.hasOwn(formats, format)) {
          throw invalidInput(`--format ${format}: must be mermaid, json or studio`)
        }
        const { document, text } = formats[format as keyof typeof formats](machine)
        frame.emit(format === 'json' ? document : { name, ...document }, text.trimEnd().split('\n'))
      },
    )
    .option('--format <mermaid|json|studio>', 'what to print', 'mermaid')
}
