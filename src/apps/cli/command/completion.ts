import type { Cli } from '../cli.ts'
import { oneOf } from '../flag-value.ts'
import { completionFor, shells } from '../shell/completion.ts'
import { pageOf } from '../shell/pages.ts'

export function addCompletion(cli: Cli): void {
  cli.command(
    'completion',
    [
      ['completion bash', 'for ~/.bashrc: source <(interlock completion bash)'],
      ['completion zsh', 'for ~/.zshrc, after compinit: source <(interlock completion zsh)'],
      ['completion fish > ~/.config/fish/completions/interlock.fish', 'fish loads it from there'],
    ],
    async (frame, [shell]) => {
      const chosen = oneOf('completion', shell, shells) ?? 'bash'
      await cli.loadAll()
      frame.surface.stdout.write(`${completionFor(chosen, pageOf(cli.program)).join('\n')}\n`)
    },
  )
}
