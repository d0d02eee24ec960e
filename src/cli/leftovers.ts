import { removeUnfinished } from '../history/files/parts.ts'

let isPromised = false

/** For a command that writes a file. A second Ctrl-C ends the process at once: what is half-written goes with it. */
export function leaveNothingHalf(): void {
  if (!isPromised) process.on('exit', removeUnfinished)
  isPromised = true
}
