import { existsSync, readFileSync } from 'node:fs'

/**
 * How large this process was at its largest, in MB. Not what the system counts for a process: on Linux that begins with the size of the one that
 * started it.
 */
export function peakMb(): number {
  const own = '/proc/self/status'
  const text = existsSync(own) ? readFileSync(own, 'utf8') : ''
  const [, kilobytes = process.resourceUsage().maxRSS] = /^VmHWM:\s+(\d+)/m.exec(text) ?? []
  return Number(kilobytes) / 1_024
}
