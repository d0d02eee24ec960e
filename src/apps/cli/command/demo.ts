import type { Cli } from '../cli.ts'
import { FoundSomething } from '../failure.ts'

export function addDemo(cli: Cli): void {
  cli.command(
    'demo',
    [['demo', 'takes less than a minute, needs no database, leaves no files']],
    async (frame) => {
      const { demo } = await import('../demo/demo.ts')
      const begun = performance.now()
      const result = await demo(frame)
      const seconds = ((performance.now() - begun) / 1_000).toFixed(0)
      const verdict = result.ok
        ? [
            `Every claim was true (${seconds} s). Next: npx interlock-queue run <file>, npx interlock-queue --help`,
          ]
        : [
            `${result.failures.length} of its claims were false:`,
            ...result.failures.map((text) => `  ${text}`),
          ]
      frame.emit(result, ['', ...verdict])
      if (!result.ok) throw new FoundSomething()
    },
  )
}
