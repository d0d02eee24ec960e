import { plural } from '../../../tools/format/index.ts'
import type { Cli } from '../cli.ts'
import { withStore } from '../store.ts'

export function addForgetOperator(cli: Cli): void {
  cli.command(
    'forget-operator',
    [
      [
        'forget-operator ada',
        'the name that she gave by --by, exactly; the log keeps process ids, which then name no person, and the roles of --as',
      ],
    ],
    async (frame, [person = '']) => {
      const forgotten = await withStore(frame, (store) => store.forgetOperator(person), 'pass')
      frame.emit({ forgotten }, `${person} is deleted from ${plural(forgotten, 'row')} beside the log`)
    },
  )
}
