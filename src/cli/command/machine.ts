import { coordinatorMachine, jobMachine, machineDefinition, machineMermaid } from '../../../machines/index.ts'
import { InterlockError } from '../../core/index.ts'
import type { Cli } from '../cli.ts'

interface Options {
  readonly [flag: string]: unknown
  readonly format: string
}

const machines = { coordinator: coordinatorMachine, job: jobMachine } as const

export function addMachine(cli: Cli): void {
  cli
    .command<Options>(
      'machine [name]',
      'the statechart of a queue (coordinator) or of a job (job)',
      [
        ['machine --format mermaid', 'a picture for Markdown'],
        ['machine job --format json', 'the definition of a job, for other tools'],
      ],
      async (frame, [name = 'coordinator'], { format }) => {
        const machine = Object.hasOwn(machines, name) ? machines[name as keyof typeof machines] : undefined
        if (machine === undefined) {
          throw new InterlockError('invalid_input', `there is no machine ${name}; it is coordinator or job`)
        }
        if (format !== 'mermaid' && format !== 'json') {
          throw new InterlockError('invalid_input', `--format ${format}: must be mermaid or json`)
        }
        const definition = machineDefinition(machine)
        const text = format === 'json' ? JSON.stringify(definition, null, 2) : machineMermaid(machine)
        frame.emit(format === 'json' ? definition : { name, mermaid: machineMermaid(machine) }, text)
      },
    )
    .option('--format <mermaid|json>', 'what to print', 'mermaid')
}
