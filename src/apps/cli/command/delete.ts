import type { Cli } from '../cli.ts'
import { checkOneOrMany } from '../job-filter.ts'
import { addManyFlags, doToMany, type ManyFlags } from '../many-jobs.ts'

export function addDelete(cli: Cli): void {
  const command = cli.command<ManyFlags>(
    'delete',
    [
      [
        'delete --customer acme',
        'payloads, results and errors of their jobs that have ended; shows how many, and asks',
      ],
      ['delete --tag import-7 --state waiting', 'cancels jobs that wait, and deletes what is kept of them'],
      ['delete --state completed --until 30d --yes', 'in a script'],
    ],
    async (frame, _, flags) => {
      checkOneOrMany('delete', undefined, flags)
      await doToMany(frame, flags, { verb: 'delete', done: 'deleted', change: () => ({ do: 'delete' }) })
    },
  )
  addManyFlags(command, 'delete')
}
