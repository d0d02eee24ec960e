/** One of the machines: a server with its Patroni, and a member of etcd. */
export interface Node {
  readonly name: string
  readonly port: number
  readonly restPort: number
  readonly etcdPort: number
  readonly etcdPeerPort: number
  readonly folder: string
}

/** What Patroni says of one of its nodes. */
export interface Member {
  readonly name: string
  readonly role: 'leader' | 'sync_standby' | 'replica'
  readonly state: string
}

export const at = (port: number): string => `127.0.0.1:${port}`

/** What the page on high availability recommends; only the lag is larger, so that a standby that lacks much takes over as well. */
export const dynamic = {
  ttl: 20,
  loop_wait: 5,
  retry_timeout: 5,
  maximum_lag_on_failover: 1_073_741_824,
  synchronous_mode: true,
  postgresql: {
    use_pg_rewind: true,
    parameters: {
      wal_log_hints: 'on',
      max_connections: 100,
      wal_keep_size: '256MB',
      synchronous_commit: 'on',
    },
  },
}

/** JSON is YAML too. */
export function nodeConfig(node: Node, all: readonly Node[], bin: string, dcs: object): object {
  return {
    scope: 'drill',
    name: node.name,
    restapi: { listen: at(node.restPort), connect_address: at(node.restPort) },
    etcd3: { hosts: all.map(({ etcdPort }) => at(etcdPort)) },
    bootstrap: { dcs, initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'] },
    postgresql: {
      listen: at(node.port),
      connect_address: at(node.port),
      data_dir: `${node.folder}/data`,
      bin_dir: bin,
      pgpass: `${node.folder}/pgpass`,
      authentication: {
        superuser: { username: 'postgres', password: 'drill' },
        replication: { username: 'replicator', password: 'drill' },
      },
      // Nobody but this machine reaches them.
      pg_hba: [
        'local all all trust',
        'host all all 127.0.0.1/32 trust',
        'host replication all 127.0.0.1/32 trust',
      ],
      parameters: { unix_socket_directories: node.folder },
    },
  }
}
