import type { Cli } from '../cli.ts'

export function addDemo(cli: Cli): void {
  cli.command(
    'demo',
    'see it work: an embedded database, three scenarios, a day of work in seconds',
    [['demo', 'takes under a minute']],
    async (frame) => {
      frame.note('not yet')
    },
  )
}
