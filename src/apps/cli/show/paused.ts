import { type PausedModel, pausedText } from '../../../tools/history/documents.ts'

const SHOWN = 10

/** Facts under a heading, for people. None if no model is paused. */
export function pausedFacts(paused: readonly PausedModel[]): readonly (readonly [string, string])[] {
  const lines = paused.slice(0, SHOWN).map((each, i) => [i === 0 ? 'paused' : '', pausedText(each)] as const)
  return paused.length > SHOWN ? [...lines, ['', `… and ${paused.length - SHOWN} more: --json`]] : lines
}
