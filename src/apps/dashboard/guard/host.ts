import { Refused } from './refused.ts'

/** The names of this machine. Nobody elsewhere can honestly have them in a Host that leads here. */
export const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

const shape = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::(?<port>\d{1,5}))?$/

/**
 * Checks the Host of a request: it has to be in the list as a whole. A page whose own name was pointed at this machine sends that
 * name (DNS rebinding). An entry without a port allows any port.
 * @throws Refused
 */
export function checkHost(request: Request, hosts: readonly string[]): string {
  const host = (request.headers.get('host') ?? hostOf(request.url)).toLowerCase()
  const { name, port } = shape.exec(host)?.groups ?? {}
  if (name === undefined || Number(port ?? 0) > 65_535)
    throw new Refused(400, 'bad_host', 'the Host of the request cannot be read')
  if (hosts.includes(host) || hosts.includes(name)) return host
  throw new Refused(
    403,
    'bad_host',
    `the Host ${host.slice(0, 200)} is not a host of this dashboard; if it should be, add it to \`hosts\``,
  )
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '')
